"""Labels of a project for other tools: DeepLabCut, COCO, SLEAP, NWB.

A label is what the project's sources had, or what people answered in an experiment; the
latest counts. Pixels are those of the image, the centre of the first at (0, 0), as
DeepLabCut, SLEAP and the pool count them; nothing is rounded.
"""

import glob
import os.path as osp
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..datasets.format import FORMAT, VERSION, FormatError, skeleton_edges
from ..datasets.image_paths import link_note
from ..fileio import atomic_path, link, to_json, write_json, write_text
from .dlc_tables import Labels, labels_text
from .labels import read_labels
from .project import Project
from .sources.sleap import import_sleap_io

DEFAULT_SCORER = 'mmpose_al'


class Labeled(NamedTuple):
    """One labelled image.

    Attributes:
        file_name (str): Below the project's ``images``.
        sequence (str, optional): Its recording.
        index (int): Number of the frame there.
        people (list): (number, keypoints (K, 3), annotation) of each person.
        image (dict): Its entry.
        frame (dict, optional): The entry of its frame.
        camera (dict, optional): The entry of its camera, in a rig.
    """

    file_name: str
    sequence: Optional[str]
    index: int  # type: ignore[assignment]
    people: List[Tuple[int, np.ndarray, dict]]
    image: dict
    frame: Optional[dict] = None
    camera: Optional[dict] = None


def annotation_files(project: Project) -> List[str]:
    """Files with labels, the latest last: pool, validation set, answers of experiments."""
    names = [project.pool, osp.join(project.folder, 'val.json')]
    return [path for path in names if osp.isfile(path)] + experiments_with_labels(project)


def experiments_with_labels(project: Project) -> List[str]:
    """What people answered in experiments, the latest file last."""
    pattern = osp.join(glob.escape(project.folder), 'work_dirs', '*', 'labels.json')
    return sorted(glob.glob(pattern), key=lambda path: (osp.getmtime(path), path))


def labeled_otherwise(project: Project) -> List[str]:
    """A line for each experiment that labels images otherwise than an earlier one.

    The files' times say which is the later one; a copy may have other times.
    """
    known: Dict[Tuple[str, int], Tuple[str, np.ndarray]] = {}
    lines = []
    for path in experiments_with_labels(project):
        others: Dict[str, List[str]] = {}
        for each in _labeled_of(read_labels(path)):
            for number, points, _ in each.people:
                before = known.get((each.file_name, number))
                if before is not None and not np.array_equal(before[1], points):
                    others.setdefault(before[0], []).append(each.file_name)
                known[each.file_name, number] = path, points
        for other, names in others.items():
            lines.append(
                f'{path}: labels images otherwise than {other}: {len(names)}, such as {names[0]}. '
                'Its labels count, as its file is newer'
            )
    return lines


def labeled_images(project: Project) -> Tuple[List[Labeled], dict]:
    """All labelled images of a project, and the category of their people.

    Raises:
        FormatError: There are none.
    """
    found: Dict[str, Labeled] = {}
    category: dict = {}
    for path in annotation_files(project):
        content = read_labels(path)
        category = category or content['categories'][0]
        for each in _labeled_of(content):
            known = found.get(each.file_name)
            if known is not None:
                people = {person[0]: person for person in [*known.people, *each.people]}
                each = each._replace(people=[people[number] for number in sorted(people)])
            found[each.file_name] = each
    if not found:
        raise FormatError(
            f'{project.folder}: nothing is labelled yet. Answer a query of its experiment first'
        )
    order = sorted(found.values(), key=lambda each: (each.sequence or '', each.index))
    return order, category


def _labeled_of(content: dict) -> List[Labeled]:
    frames = {frame['id']: frame for frame in content['frames']}
    cameras = {camera['id']: camera for camera in content.get('cameras') or ()}
    people: Dict[int, list] = {}
    for entry in content['annotations']:
        points = np.array(entry.get('keypoints') or [], np.float64).reshape(-1, 3)
        if (points[:, 2] > 0).any():
            people.setdefault(entry['image_id'], []).append((entry['person_id'], points, entry))
    rows = []
    for image in content['images']:
        if image['id'] in people:
            frame = frames.get(image.get('frame_id'))
            rows.append(
                Labeled(
                    image['file_name'],
                    None if frame is None else frame['sequence'],
                    0 if frame is None else frame['index'],
                    people[image['id']],
                    image,
                    frame,
                    cameras.get(image.get('camera_id')),
                )
            )
    return rows


# ---- COCO --------------------------------------------------------------------------------


class Numbered:
    """Entries of several files, each once, with ids from 1."""

    def __init__(self) -> None:
        self.entries: List[dict] = []
        self.known: Dict[str, int] = {}

    def number(self, entry: dict) -> int:
        """The id of an entry, whatever id its own file gives it."""
        content = {key: value for key, value in entry.items() if key != 'id'}
        number = self.known.setdefault(to_json(content), len(self.entries) + 1)
        if number > len(self.entries):
            self.entries.append(dict(content, id=number))
        return number


def to_coco(project: Project, out: str) -> List[str]:
    """A COCO keypoints file of the labelled images.

    File names are relative to the project's ``images``. That of a rig is of the multi-view format,
    with frames and cameras beside what COCO knows.

    Returns:
        list[str]: The file.
    """
    images, category = labeled_images(project)
    entries: List[dict] = []
    annotations: List[dict] = []
    frames, cameras = Numbered(), Numbered()
    rig = any(each.camera is not None for each in images)
    for number, each in enumerate(images, 1):
        entry = {k: v for k, v in each.image.items() if k not in ('frame_id', 'camera_id')}
        if rig and each.frame is not None:
            entry['frame_id'] = frames.number(each.frame)
        if each.camera is not None:
            entry['camera_id'] = cameras.number(each.camera)
        entries.append(dict(entry, id=number))
        for _, _, annotation in each.people:
            annotations.append(dict(annotation, id=len(annotations) + 1, image_id=number))
    content: Dict[str, Any] = dict(images=entries, annotations=annotations, categories=[category])
    if rig:
        info = dict(format=FORMAT, version=VERSION, world_unit='mm')
        content.update(info=info, frames=frames.entries, cameras=cameras.entries, poses_3d=[])
    write_json(out, content, indent=None, nan_as_null=False)
    return [out]


# ---- DeepLabCut --------------------------------------------------------------------------


def to_deeplabcut(project: Project, out: str) -> List[str]:
    """``labeled-data/<recording>/CollectedData_<scorer>.csv`` in a folder, with the images.

    Where pandas and tables are installed, the ``.h5`` that DeepLabCut trains on too; else
    ``deeplabcut.convertcsv2h5`` makes it.

    Args:
        project (Project): The project.
        out (str): A folder.

    Returns:
        list[str]: The label files.
    """
    images, category = labeled_images(project)
    scorer = project.content.get('notes', {}).get('scorer', DEFAULT_SCORER)
    individuals = project.content.get('individuals') or []
    several = max(number for each in images for number, _, _ in each.people) + 1
    if several > 1 and len(individuals) < several:
        individuals = [f'individual{number + 1}' for number in range(several)]
    folders: Dict[str, List[Tuple[str, Labeled]]] = {}
    for each in images:
        check_there(osp.join(project.images, each.file_name))
        folder, name = _dlc_place(each)
        folders.setdefault(folder, []).append((name, each))
    check_places(folders)
    written = []
    for folder, rows in sorted(folders.items()):
        home = osp.join(out, 'labeled-data', folder)
        names = [f'labeled-data/{folder}/{name}' for name, _ in rows]
        points = np.stack(
            [_points(each, len(individuals) or 1, len(category['keypoints'])) for _, each in rows]
        )
        labels = Labels(scorer, individuals, list(category['keypoints']), names, points)
        for name, each in rows:
            link(osp.join(project.images, each.file_name), osp.join(home, name))
        path = osp.join(home, f'CollectedData_{scorer}.csv')
        write_text(path, labels_text(labels))
        written.append(path)
        if _write_h5(path, labels):
            written.append(path[: -len('.csv')] + '.h5')
    return written


def check_there(path: str) -> None:
    """Refuse an image that is not there, before anything is written.

    Raises:
        FormatError: It is not.
    """
    if not osp.isfile(path):
        raise FormatError(f'{path}: the labelled image is not there{link_note(path)}')


def check_places(folders: Dict[str, List[Tuple[str, Labeled]]]) -> None:
    """Refuse images that would be one in DeepLabCut's folders, which have no folders in them.

    Raises:
        FormatError: There are such.
    """
    for folder, rows in folders.items():
        taken: Dict[str, str] = {}
        for name, each in rows:
            other = taken.setdefault(name, each.file_name)
            if other != each.file_name:
                raise FormatError(
                    f'{other} and {each.file_name} would both be labeled-data/{folder}/{name}. '
                    'Rename one of their folders, or export COCO: --out labels.json'
                )


def _dlc_place(each: Labeled) -> Tuple[str, str]:
    """Folder below ``labeled-data`` and file name of an image."""
    folder, _, name = each.file_name.rpartition('/')
    project, labeled, rest = f'/{folder}'.rpartition('/labeled-data/')
    if labeled:
        return f'{project[1:]}/{rest}'.strip('/').replace('/', '_'), name
    if each.sequence is not None:
        view = osp.basename(folder)
        home = each.sequence if view == each.sequence else f'{each.sequence}_{view}'
        return home, f'img{name}'
    return folder.replace('/', '_') or 'images', name


def _points(each: Labeled, individuals: int, joints: int) -> np.ndarray:
    """Pixels (A, K, 2), NaN where not labelled."""
    points = np.full((individuals, joints, 2), np.nan)
    for number, keypoints, _ in each.people:
        there = keypoints[:, 2] > 0
        points[number if individuals > 1 else 0, there] = keypoints[there, :2]
    return points


def _write_h5(path: str, labels: Labels) -> bool:
    """Write the ``.h5`` beside a ``.csv``, as DeepLabCut reads it; False without the libraries."""
    try:
        import pandas
        import tables  # noqa: F401
    except ImportError:
        return False
    owners: List[Tuple[str, ...]] = [(each,) for each in labels.individuals] or [()]
    levels = ['scorer', 'bodyparts', 'coords']
    if labels.individuals:
        levels.insert(1, 'individuals')
    columns = [
        (labels.scorer, *owner, joint, axis)
        for owner in owners
        for joint in labels.joints
        for axis in 'xy'
    ]
    frame = pandas.DataFrame(
        labels.points.reshape(len(labels.images), -1),
        index=pandas.MultiIndex.from_tuples([tuple(name.split('/')) for name in labels.images]),
        columns=pandas.MultiIndex.from_tuples(columns, names=levels),
    )
    with atomic_path(path[: -len('.csv')] + '.h5') as temporary:
        frame.to_hdf(temporary, key='df_with_missing', mode='w')
    return True


# ---- SLEAP and NWB -------------------------------------------------------------------------


def sleap_labels(project: Project) -> Any:
    """The labels of a project as sleap-io's ``Labels``, on its videos, or on lists of images."""
    sio = import_sleap_io()
    images, category = labeled_images(project)
    joints = list(category['keypoints'])
    nodes = [sio.Node(name) for name in joints]
    edges = [
        sio.Edge(nodes[a - 1], nodes[b - 1]) for a, b in skeleton_edges(category, project.pool)
    ]
    skeleton = sio.Skeleton(nodes, edges, name=category.get('name', 'person'))
    individuals = project.content.get('individuals') or []
    tracks = [sio.Track(name) for name in individuals]
    videos: Dict[str, Any] = {}
    frames = []
    known = project.content.get('videos', {})
    for folder, group in _by_folder(images).items():
        paths = [osp.realpath(osp.join(project.images, each.file_name)) for each in group]
        of_video = osp.isfile(known.get(folder, ''))
        videos[folder] = sio.Video.from_filename(known[folder] if of_video else paths)
        for place, each in enumerate(group):
            instances = []
            for number, keypoints, _ in each.people:
                xy = np.where(keypoints[:, 2:] > 0, keypoints[:, :2], np.nan)
                track = tracks[number] if number < len(tracks) else None
                instance = sio.Instance.from_numpy(xy, skeleton=skeleton, track=track)
                instance.points['visible'] = keypoints[:, 2] == 2
                instances.append(instance)
            frames.append(
                sio.LabeledFrame(
                    video=videos[folder],
                    frame_idx=each.index if of_video else place,
                    instances=instances,
                )
            )
    return sio.Labels(
        labeled_frames=frames, videos=list(videos.values()), skeletons=[skeleton], tracks=tracks
    )


def _by_folder(images: Sequence[Labeled]) -> Dict[str, List[Labeled]]:
    groups: Dict[str, List[Labeled]] = {}
    for each in images:
        groups.setdefault(each.file_name.rpartition('/')[0], []).append(each)
    return groups


def to_sleap(project: Project, out: str) -> List[str]:
    """A ``.slp`` of the labelled images, on folders of images."""
    import_sleap_io().save_slp(sleap_labels(project), out)
    return [out]


def to_nwb(project: Project, out: str) -> List[str]:
    """An NWB file with ndx-pose's training data."""
    import_sleap_io().save_nwb(sleap_labels(project), out)
    return [out]


#: Name of a format -> what writes it.
FORMATS: Dict[str, Callable[[Project, str], List[str]]] = dict(
    coco=to_coco, deeplabcut=to_deeplabcut, sleap=to_sleap, nwb=to_nwb
)
ENDINGS = {'.json': 'coco', '.slp': 'sleap', '.nwb': 'nwb', '': 'deeplabcut'}


def format_of(out: str) -> str:
    """The format that the ending of a file names; a folder is DeepLabCut's.

    Raises:
        FormatError: No format has this ending.
    """
    ending = osp.splitext(out.rstrip('/'))[1].lower()
    if ending not in ENDINGS:
        known = ', '.join(filter(None, ENDINGS))
        raise FormatError(f'{out}: ends as no format; let it end in {known}, or name a folder')
    return ENDINGS[ending]
