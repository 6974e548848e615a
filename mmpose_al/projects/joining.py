"""Several sources as one table: joints in one order, folders and recordings with names apart."""

import os.path as osp
from dataclasses import replace
from itertools import chain, count
from typing import Dict, List, Mapping, Optional, Sequence, Set, Tuple

from ..datasets.format import FormatError
from ..fileio import short
from .table import Person, Shot, Table, link_name


def join(tables: Sequence[Table]) -> Table:
    """All sources as one table.

    Raises:
        FormatError: Their joints differ, a rig stands beside images without cameras, or two of
            them, which are not one folder, give images of one name.
    """
    first, *others = sorted(tables, key=lambda table: table.joints is None)
    if not others:
        return first
    calibrated = {bool(table.cameras) for table in tables if table.shots}
    if len(calibrated) > 1:
        raise FormatError(
            'a calibrated rig is a project of its own; make another one of the other sources. '
            'Views of a rig need a calibration beside them, or --calibration FILE for all'
        )
    whole = Table(first.kind, first.joints, first.links, first.pairs, first.individuals)
    parts: List[Table] = []
    for table in tables:
        table = folders_apart(reordered(table, first.joints, table.kind), whole.folders)
        parts.append(table)
        whole.individuals = whole.individuals or table.individuals
        if table.individuals and table.individuals != whole.individuals:
            raise FormatError(
                f'the individuals of two sources differ: {short(whole.individuals, 200)} and '
                f'{short(table.individuals, 200)}. Make a project of each'
            )
        made = {clip.folder for clip in whole.clips}
        of_clips = {clip.folder for clip in table.clips}
        for name in sorted(of_clips & {*made, *whole.folders} | made & table.folders.keys()):
            raise FormatError(
                f'two sources are both called {name!r}. Rename one of them, or make a project of '
                'each'
            )
        whole.shots += table.shots
        whole.cameras = list(dict.fromkeys(whole.cameras + table.cameras))
        whole.folders.update(table.folders)
        whole.clips += table.clips
        whole.rig_views += table.rig_views
        whole.said += table.said
        whole.notes.update(table.notes)
    whole.shots = _views_once(once(whole.shots), whole.said)
    _check_views(parts, {shot.file_name for shot in whole.shots})
    return whole


def _check_views(tables: Sequence[Table], kept: Set[str]) -> None:
    """Refuse images of one camera at one moment of two sources, as of a recording and its copy.

    Within a source a camera may move: many views of a scene that stands still.

    Raises:
        FormatError: There are such among the images that are ``kept``.
    """
    known: Dict[Tuple[Optional[str], int, str], Tuple[int, Shot]] = {}
    for number, table in enumerate(tables):
        for shot in table.shots:
            if shot.camera is None or shot.sequence is None or shot.file_name not in kept:
                continue
            view = shot.sequence, shot.index, shot.camera.name
            owner, other = known.setdefault(view, (number, shot))
            if owner != number and other.file_name != shot.file_name:
                raise FormatError(
                    f'{other.file_name} and {shot.file_name} are both frame {shot.index} of '
                    f'{shot.sequence!r}, camera {shot.camera.name}. Give a recording once, and two '
                    'recordings two names'
                )


def join_projects(projects: Sequence[Tuple[str, Table]]) -> Table:
    """Projects of one tool, as of one camera each, as one table.

    Recordings of one name in which both label other images of one moment are kept apart.

    Args:
        projects (Sequence[tuple]): Folder and table of each.

    Raises:
        FormatError: See :func:`join`.
    """
    whole = projects[0][1]
    for path, table in projects[1:]:
        table = folders_apart(table, whole.folders)
        whole = join([whole, recordings_apart(whole, table, path, by_folder=False)])
    return whole


def reordered(table: Table, joints: Optional[List[str]], path: str) -> Table:
    """A table whose joints have the order of others.

    Args:
        table (Table): It.
        joints (list[str], optional): The others; None for any.
        path (str): The table's source, for messages.

    Raises:
        FormatError: They are others.
    """
    if table.joints is None or joints is None or table.joints == joints:
        return table
    if sorted(table.joints, key=repr) != sorted(joints, key=repr):
        raise FormatError(
            f'the joints of two sources differ: {short(joints, 200)}, and those of {path}, '
            f'{short(table.joints, 200)}. Make a project of each'
        )
    places = [table.joints.index(name) for name in joints]

    def turned(person: Person) -> Person:
        points = person.keypoints
        return person if points is None else person._replace(keypoints=points[places])

    shots = [shot._replace(people=[turned(each) for each in shot.people]) for shot in table.shots]
    said = [*table.said, f'{path}: its joints are in another order, and go by their names']
    return replace(table, joints=joints, shots=shots, said=said)


def folders_apart(table: Table, taken: Mapping[str, str]) -> Table:
    """A table whose folders are called after the folder above, too, where names are taken.

    Args:
        table (Table): It.
        taken (Mapping): Name below ``images`` -> folder, of the sources before it.

    Raises:
        FormatError: The longer names are taken, too.
    """
    names = {}
    for name, folder in table.folders.items():
        if _is_other(taken.get(name), folder):
            names[name] = f'{link_name(osp.dirname(folder))}/{name}'
            if _is_other(taken.get(names[name]), folder):
                raise FormatError(
                    f'{folder}: another folder of images is called {name!r}, too. Rename one of '
                    'them, or make a project of each'
                )
    return _renamed(table, names)


def recordings_apart(whole: Table, table: Table, path: str, by_folder: bool = True) -> Table:
    """A table whose recordings have other names than other recordings before it.

    Sources may have frames, or views, of one recording. Two are not one if a view shows other
    images at the same time.

    Args:
        whole (Table): The sources before it.
        table (Table): The next one.
        path (str): It, for names and messages.
        by_folder (bool): Whether they are not one, too, if the images of a view are in two folders.
    """
    before = _views_of(whole.shots)
    others = set()
    for (sequence, camera), seen in _views_of(table.shots).items():
        known = before.get((sequence, camera), {})
        at_once = any(i in known and known[i].file_name != seen[i].file_name for i in seen)
        folders = {home(shot, whole.folders) for shot in known.values()}
        elsewhere = folders and not folders & {home(s, table.folders) for s in seen.values()}
        if at_once or (by_folder and elsewhere):
            others.add(sequence)
    taken = {shot.sequence for shot in [*whole.shots, *table.shots]}
    names: Dict[str, str] = {}
    for sequence in sorted(others):
        stem = f'{osp.splitext(osp.basename(osp.abspath(path)))[0]}_{sequence}'
        free = chain([stem], (f'{stem}_{number}' for number in count(2)))
        names[sequence] = next(name for name in free if name not in taken)
        taken.add(names[sequence])
    lines = [
        f'{path}: its recording {old!r} is another one than that of this name before it, and is '
        f'called {new!r}'
        for old, new in names.items()
    ]
    shots = [
        shot._replace(sequence=names.get(shot.sequence or '', shot.sequence))
        for shot in table.shots
    ]
    return replace(table, shots=shots, said=[*table.said, *lines])


def _views_of(shots: Sequence[Shot]) -> Dict[Tuple[str, Optional[str]], Dict[int, Shot]]:
    """Recording and camera -> number of the frame -> image."""
    found: Dict[Tuple[str, Optional[str]], Dict[int, Shot]] = {}
    for shot in shots:
        if shot.sequence is not None:
            camera = None if shot.camera is None else shot.camera.name
            found.setdefault((shot.sequence, camera), {})[shot.index] = shot
    return found


def _is_other(folder: Optional[str], other: str) -> bool:
    return folder is not None and osp.realpath(folder) != osp.realpath(other)


def home(shot: Shot, folders: Mapping[str, str]) -> Optional[str]:
    """The name in ``folders`` below which an image lies; None where it is made of a video."""
    return next((name for name in folders if shot.file_name.startswith(f'{name}/')), None)


def _renamed(table: Table, names: Mapping[str, str]) -> Table:
    """A table of which some folders have other names below ``images``."""
    shots = []
    for shot in table.shots:
        name = home(shot, names)
        if name is not None:
            shot = shot._replace(file_name=names[name] + shot.file_name[len(name) :])
        shots.append(shot)
    folders = {names.get(name, name): folder for name, folder in table.folders.items()}
    return replace(table, shots=shots, folders=folders)


def once(shots: Sequence[Shot]) -> List[Shot]:
    """Images of which one source tells people, and another that they are there, once."""
    there = {shot.file_name for shot in shots if shot.people}
    found = []
    for shot in shots:
        if shot.people or shot.file_name not in there:
            found.append(shot)
            there.add(shot.file_name)
    return found


def _views_once(shots: Sequence[Shot], said: List[str]) -> List[Shot]:
    """Views of a rig that one source has with labels and another without, once."""

    def view(shot: Shot) -> Tuple[Optional[str], int, Optional[str]]:
        return shot.sequence, shot.index, shot.camera and shot.camera.name

    labelled = {view(shot): shot for shot in shots if shot.camera is not None and shot.is_labeled}
    kept = [shot for shot in shots if shot.is_labeled or view(shot) not in labelled]
    gone = len(shots) - len(kept)
    if gone:
        first = next(shot for shot in shots if not shot.is_labeled and view(shot) in labelled)
        said.append(
            f'views that are in two sources, with labels and without: {gone}; those with labels '
            f'count, such as {labelled[view(first)].file_name} for {first.file_name}'
        )
    return kept


def kept_apart(table: Table, other: Table, prefix: str = 'val-') -> Table:
    """A table whose folders have other names than those of another one, which it does not share."""
    names = {
        name: prefix + name
        for name, folder in table.folders.items()
        if other.folders.get(name, folder) != folder
    }
    return _renamed(table, names)
