"""What every source is read into: images, recordings, people and their points.

A table says what is to be in a project and writes nothing. Points are pixels of the image as
it is shown; the centre of the first pixel is (0, 0), as in the multi-view format.
"""

import os.path as osp
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import chain, count
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

import numpy as np
from scipy.spatial.transform import Rotation

from ..converters.sources import Source, frame_numbers
from ..datasets.format import FormatError
from ..fileio import short

TURNED = 15.0  # degrees between the axes of two recordings that are told


class Person(NamedTuple):
    """One body in one image.

    Attributes:
        keypoints (ndarray, optional): x, y, v for each joint, v as in COCO, (K, 3); None
            where nobody has labelled it.
        bbox (list, optional): x, y, width, height; None where the source has none.
        number (int): The same for the same individual in all views of a frame.
        extra (dict): Other fields of the annotation, which are kept.
    """

    keypoints: Optional[np.ndarray] = None
    bbox: Optional[List[float]] = None
    number: int = 0
    extra: dict = {}

    @property
    def is_labeled(self) -> bool:
        """Whether a joint of it is labelled."""
        return self.keypoints is not None and bool((self.keypoints[:, 2] > 0).any())


class Camera(NamedTuple):
    """A view's calibration, in plain numbers: two of the same numbers are one.

    A camera that is calibrated anew between two recordings has the same name twice.

    Attributes:
        name (str): Of the view.
        size (tuple): Width and height of its images.
        K, R (tuple): Three rows of three numbers.
        dist (tuple): In OpenCV's order.
        t (tuple): Millimetres.
    """

    name: str
    size: Tuple[int, int]
    K: tuple
    dist: tuple
    R: tuple
    t: tuple

    @classmethod
    def of(cls, camera: Mapping[str, Any]) -> 'Camera':
        """Of one as :func:`~mmpose_al.converters.calibration.read_calibration` gives it."""
        width, height = camera['size']
        rows = {key: [tuple(row) for row in _floats(camera[key])] for key in 'KR'}
        return cls(
            name=camera['name'],
            size=(int(width), int(height)),
            K=tuple(rows['K']),
            dist=tuple(_floats(camera['dist'])),
            R=tuple(rows['R']),
            t=tuple(_floats(camera['t'])),
        )


def _floats(values: Any) -> list:
    return np.asarray(values, np.float64).tolist()


class Shot(NamedTuple):
    """One image: one moment of a recording, seen by one camera.

    Attributes:
        file_name (str): Below the project's ``images``, with slashes.
        size (tuple): Width and height as it is shown.
        sequence (str, optional): The recording; None where images are no recording.
        index (int): Number of the frame in the recording, from 0.
        time (float, optional): Seconds from its beginning.
        camera (Camera, optional): The view, and how it is calibrated there.
        people (list[Person]): Those that the source knows of.
        extra (dict): Other fields of the image, which are kept.
        counted (bool): Whether ``index`` is that number. Names of images may tell none; they
            are counted in their order then.
    """

    file_name: str
    size: Tuple[int, int]
    sequence: Optional[str] = None
    index: int = 0  # type: ignore[assignment]
    time: Optional[float] = None
    camera: Optional[Camera] = None
    people: Sequence[Person] = ()
    extra: dict = {}
    counted: bool = True

    @property
    def is_labeled(self) -> bool:
        """Whether a person of it is."""
        return any(person.is_labeled for person in self.people)


def frame_file(number: int) -> str:
    """File name of a frame of a video."""
    return f'{number:06d}.jpg'


class Clip(NamedTuple):
    """Frames of a video that become images ``<folder>/<number:06d>.jpg``.

    Attributes:
        source (Source): The video.
        numbers (list[int]): Its frames, ascending, from 0.
        folder (str): Below the project's ``images``.
    """

    source: Source
    numbers: List[int]
    folder: str

    def image(self, number: int) -> str:
        """Where a frame becomes an image."""
        return f'{self.folder}/{frame_file(number)}'


class View(NamedTuple):
    """A camera of a rig in one recording.

    Attributes:
        recording (str): Its name.
        camera (Camera): The camera.
        source (Source): Its video, or its folder of images.
        folder (str): Of its images, below the project's ``images``.
        count (int): Frames that all views of the recording have.
        times (list[float], optional): Seconds of these frames.
    """

    recording: str
    camera: Camera
    source: Source
    folder: str
    count: int  # type: ignore[assignment]
    times: Optional[List[float]] = None

    @property
    def file_stem(self) -> str:
        """Name of the video without its ending, or of the folder."""
        name = osp.basename(osp.abspath(self.source.path))
        return name if self.source.files is not None else osp.splitext(name)[0]

    def place(self, shot: Shot) -> Optional[int]:
        """Number of the frame that a labelled image is of; None if its name does not tell.

        Images of a folder may be numbered from any number, and are told by it, or by their name.
        """
        files, name = self.source.files, osp.basename(shot.file_name)
        if files is not None and name in files:
            return files.index(name)
        if not shot.counted:
            return None
        if files is None:
            return shot.index
        numbers = frame_numbers(files) or []
        return numbers.index(shot.index) if shot.index in numbers else None

    def shot(self, number: int) -> Shot:
        """The image of a frame."""
        files = self.source.files
        name = frame_file(number) if files is None else files[number]
        time = None if self.times is None else self.times[number]
        where = (self.recording, number, time, self.camera)
        return Shot(f'{self.folder}/{name}', self.source.size, *where)


@dataclass
class Table:
    """What one source, or all of them, give.

    Attributes:
        kind (str): The source's name.
        joints (list[str], optional): Names; None where the source has no labels.
        links (list): Pairs of names that are drawn as limbs.
        pairs (list, optional): Pairs of names, left and right, where the source tells.
        individuals (list[str]): Names of the individuals, by ``Person.number``.
        shots (list[Shot]): The images.
        cameras (list[Camera]): Those of the images, each once.
        folders (dict): Name below ``images`` -> folder that it links to.
        clips (list[Clip]): Videos, of which images are made.
        rig_views (list[View]): Those of the recordings of a rig.
        said (list[str]): What a person should know of it.
        notes (dict): What an export needs to write the source's own format again.
    """

    kind: str
    joints: Optional[List[str]] = None
    links: List[Tuple[str, str]] = field(default_factory=list)
    pairs: Optional[List[Tuple[str, str]]] = None
    individuals: List[str] = field(default_factory=list)
    shots: List[Shot] = field(default_factory=list)
    cameras: List[Camera] = field(default_factory=list)
    folders: Dict[str, str] = field(default_factory=dict)
    clips: List[Clip] = field(default_factory=list)
    rig_views: List[View] = field(default_factory=list)
    said: List[str] = field(default_factory=list)
    notes: dict = field(default_factory=dict)

    @property
    def views(self) -> List[str]:
        """Names of the calibrated cameras; one that was calibrated anew is the same view."""
        return list(dict.fromkeys(camera.name for camera in self.cameras))

    @property
    def labeled(self) -> int:
        """How many images have a labelled person."""
        return sum(shot.is_labeled for shot in self.shots)


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


def check_table(table: Table) -> Table:
    """The table, if it can be written; joints outside their image become unlabelled.

    Raises:
        FormatError: No image is left, joints have one name, an image is there twice, or
            labels lie outside an image that has another size than its recording.
    """
    if not table.shots:
        raise FormatError('no image is left of the sources; check that they hold any')
    twice = [name for name, count in Counter(table.joints or []).items() if count > 1]
    if twice:
        raise FormatError(
            f'two joints are both called {twice[0]!r} (of {short(table.joints, 200)}). Give every '
            'joint its own name'
        )
    names = Counter(shot.file_name for shot in table.shots)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise FormatError(
            f'{len(twice)} images are there twice, first {twice[0]}. Give every image once'
        )
    outside: List[str] = []
    table.shots = [_inside(_numbered(shot), outside) for shot in table.shots]
    table.said += _other_sizes(table.shots, set(outside))
    table.said += turned_worlds(table.shots)
    if outside:
        table.said.append(
            f'{len(outside)} labelled joints outside their image count as unlabelled, first in '
            f'{outside[0]}'
        )
    return table


def turned_worlds(shots: Sequence[Shot]) -> List[str]:
    """A line for each recording whose world has other axes than that of the first.

    A camera that stays where it is has another R only where the world is turned: by the angle
    of R_first^T R. Cameras may be moved, so the median of those of both recordings counts.
    """
    recordings: Dict[Optional[str], Dict[str, Camera]] = {}
    for shot in shots:
        if shot.camera is not None:
            recordings.setdefault(shot.sequence, {})[shot.camera.name] = shot.camera
    names = list(recordings)
    lines = []
    for name in names[1:]:
        pairs = [
            (np.array(camera.R), np.array(recordings[name][view].R))
            for view, camera in recordings[names[0]].items()
            if view in recordings[name]
        ]
        angles = [np.degrees(Rotation.from_matrix(a.T @ b).magnitude()) for a, b in pairs]
        if angles and np.median(angles) > TURNED:
            lines.append(
                f'warning: the axes of {name!r} are turned by {np.median(angles):.0f} degrees '
                f'against those of {names[0]!r}, if the cameras stayed where they were. Frames are '
                "chosen by poses in the world's axes (CoreSetPoses). Calibrate both in one world, "
                "or set strategy=dict(type='CoreSetFeatures') in configs/experiment.py"
            )
    return lines


def _other_sizes(shots: Sequence[Shot], outside: Set[str]) -> List[str]:
    """A line for each recording, of one camera, whose images have several sizes.

    A recording may have been cropped. Labels outside such an image say that it was made anew.

    Raises:
        FormatError: Such an image is among those that have labels ``outside``.
    """
    views: Dict[Tuple[str, Optional[str]], List[Shot]] = {}
    for shot in shots:
        if shot.sequence is not None:
            camera = None if shot.camera is None else shot.camera.name
            views.setdefault((shot.sequence, camera), []).append(shot)
    lines = []
    for (sequence, _), group in views.items():
        size, count = Counter(shot.size for shot in group).most_common(1)[0]
        others = [shot for shot in group if shot.size != size]
        if not others:
            continue
        wrong = next((shot for shot in others if shot.file_name in outside), None)
        first = wrong or others[0]
        text = (
            f'{len(others)} images of the recording {sequence!r} have another size than the other '
            f'{count}, {size[0]}x{size[1]}; {first.file_name} has {first.size[0]}x{first.size[1]}'
        )
        if wrong is not None:
            raise FormatError(
                f'{text}, and labels outside it. Put the images back that were labelled, or take '
                'these out of the labels'
            )
        lines.append(f'{text}. Its labels have to be those of this size')
    return lines


def _numbered(shot: Shot) -> Shot:
    """The image whose people have a number each, by their order where the source has none."""
    if len({person.number for person in shot.people}) == len(shot.people):
        return shot
    people = [person._replace(number=place) for place, person in enumerate(shot.people)]
    return shot._replace(people=people)


def _inside(shot: Shot, outside: List[str]) -> Shot:
    """The image without labels outside it; each adds the image's name to ``outside``."""
    people = []
    for person in shot.people:
        points = person.keypoints
        if points is not None:
            beyond = ((points[:, :2] < -0.5) | (points[:, :2] > shot.size)).any(1)
            lost = beyond & (points[:, 2] > 0)
            outside += [shot.file_name] * int(lost.sum())
            if lost.any():
                person = person._replace(keypoints=np.where(lost[:, None], 0.0, points))
        people.append(person)
    return shot._replace(people=people)


def points_of(xy: np.ndarray, hidden: Optional[np.ndarray] = None) -> np.ndarray:
    """Keypoints (K, 3) of places (K, 2) in which NaN is not labelled.

    Args:
        xy (ndarray): Pixels.
        hidden (ndarray, optional): Whether a joint is hidden behind something, bool (K, ).
    """
    xy = np.asarray(xy, np.float64)
    there = np.isfinite(xy).all(1)
    seen = np.full(len(xy), 2.0) if hidden is None else np.where(hidden, 1.0, 2.0)
    return np.where(there[:, None], np.c_[np.nan_to_num(xy), seen], 0.0)


def link_name(path: str) -> str:
    """Name of a linked folder below ``images``: the folder's own."""
    return osp.basename(osp.abspath(path)) or 'images'
