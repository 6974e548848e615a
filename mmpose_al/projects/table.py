"""What every source is read into: images, recordings, people and their points.

A table says what is to be in a project and writes nothing. Points are pixels of the image as
it is shown; the centre of the first pixel is (0, 0), as in the multi-view format.
"""

import os.path as osp
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..converters.sources import Source, frame_numbers


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
