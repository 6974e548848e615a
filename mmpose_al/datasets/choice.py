"""Cameras and subjects that are chosen among those of a file."""

from typing import List, Optional, Sequence, Union

from .format import camera_name


def chosen_images(
    data: dict,
    cameras: Optional[Sequence[Union[str, int]]],
    subjects: Optional[Sequence[str]],
    path: str,
) -> List[dict]:
    """Images of these cameras that show these subjects; None stands for all.

    Raises:
        ValueError: A camera or subject that the file lacks, or none at all.
    """
    of_camera = chosen_camera_ids(cameras, data['cameras'], path)
    frames = frames_of_subjects(subjects, data['frames'], path)
    return [
        image
        for image in data['images']
        if (of_camera is None or image.get('camera_id') in of_camera)
        and (frames is None or image.get('frame_id') in frames)
    ]


def chosen_camera_ids(
    cameras: Optional[Sequence[Union[str, int]]], known: Sequence[dict], path: str
) -> Optional[set]:
    """Ids of the cameras with these names or ids; None for None.

    Raises:
        ValueError: A name or id that the file lacks, or none at all.
    """
    if cameras is None:
        return None
    found = [
        (
            c,
            {k['id'] for k in known if k['id'] == c},
            {k['id'] for k in known if _names(camera_name(k), c)},
        )
        for c in cameras
    ]
    unknown = [c for c, by_id, by_name in found if not by_id | by_name]
    unclear = [c for c, by_id, by_name in found if by_id and by_name and by_id != by_name]
    if unknown or unclear or not cameras:
        problem = (
            'names no camera'
            if not cameras
            else f'unknown: {", ".join(map(repr, unknown))}'
            if unknown
            else f'{unclear[0]} is the id of one camera and the name of another; '
            'write names as strings in a config file'
        )
        listed = ', '.join(f'{camera_name(c)!r} (id {c["id"]})' for c in known[:40])
        listed += ', ...' if known[40:] else ''
        raise ValueError(
            f'{path}: cameras={list(cameras)!r}: {problem}. The file has {listed or "no cameras"}'
        )
    return set().union(*(by_id | by_name for _, by_id, by_name in found))


def frames_of_subjects(
    subjects: Optional[Sequence[str]], frames: Sequence[dict], path: str
) -> Optional[set]:
    """Ids of the frames that show these subjects; None for None.

    Raises:
        ValueError: A subject that the file lacks, or none at all.
    """
    if subjects is None:
        return None
    shown = {f['id']: str(f['subject']) for f in frames if f.get('subject') is not None}
    known = sorted(set(shown.values()))
    wanted = set(map(str, subjects))  # in a file as on a command line a number may be a name
    missing = [name for name in subjects if str(name) not in known]
    if missing or not subjects:
        raise ValueError(
            f'{path}: subjects={list(subjects)!r}: '
            + (f'unknown: {", ".join(map(repr, missing))}' if missing else 'names none')
            + f'. The file has {", ".join(map(repr, known[:40])) or "no subjects"}'
        )
    return {frame for frame, subject in shown.items() if subject in wanted}


def _names(name: str, wanted: Union[str, int]) -> bool:
    """Whether a camera's name is meant.

    On a command line MMEngine makes numbers of names: 400002, and 3 of 00_03.
    """
    if isinstance(wanted, str):
        return name == wanted
    try:
        return int(name) == wanted
    except ValueError:
        return False
