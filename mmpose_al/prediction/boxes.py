"""Where the bodies are in a frame: all of it, what a file says, or what a detector finds."""

import posixpath
from typing import Callable, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from ..converters.videos import read_boxes
from ..datasets.boxes import BoxFilter, select_boxes
from ..datasets.format import FormatError, has_area
from ..fileio import digest, sha256
from .inputs import Frame, Recording

# What to do where the bodies of a rig cannot be told apart.
BODIES = (
    'Give boxes with a person_id, the same in all views of a frame (--boxes FILE); where only one '
    'body counts, take the surest box of each view with --persons 1'
)


class Box(NamedTuple):
    """A body in a frame: its number there, x, y, width and height in pixels, and a score."""

    person: int
    xywh: Sequence[float]
    score: float


class WholeImage:
    """One body, which may be anywhere in the frame."""

    described = 'the whole image'

    def __call__(self, recording: Recording, frame: Frame) -> List[Box]:
        """The boxes of a frame."""
        height, width = frame.pixels.shape[:2]
        return [Box(0, [0, 0, width, height], 1.0)]


class BoxesOfFile:
    """What a file says, see :func:`mmpose_al.converters.videos.read_boxes`.

    With a ``person_id`` on every box, persons are numbered in the order of the ids; without,
    by score, frame by frame.

    Args:
        path (str): A COCO file, or a list of boxes.
        recordings (list[Recording]): What is predicted.
        persons (int): Most bodies of a frame, where there are no ids.
        alone (bool): Whether several boxes of a frame without ids are refused: in the views
            of a rig the surest may be of different bodies.

    Raises:
        FormatError: It is no such file, or of other images, or bodies cannot be told apart.
    """

    def __init__(
        self, path: str, recordings: Sequence[Recording], persons: int = 1, alone: bool = False
    ):
        places, several = _places(recordings)
        self.boxes = read_boxes(path, places, several)
        crowded = self.boxes.crowded() if alone else []
        if crowded:
            view, number = crowded[0]
            raise FormatError(
                f'{path}: {len(crowded)} images have several boxes without a person_id, first '
                f'frame {number} of {view}, so nothing says who is who in the other views. '
                f'{BODIES}'
            )
        self.persons = persons
        ids = {person for rows in self.boxes.entries.values() for _, person, _ in rows}
        self.numbers = {each: n for n, each in enumerate(sorted(ids - {None}))}
        self.described = f'boxes {sha256(path)[:16]}, {persons} persons'
        self.said = self._about(path, recordings)

    def _about(self, path: str, recordings: Sequence[Recording]) -> List[str]:
        """What a person should know: frames without a box, boxes of no frame, who is who."""
        frames = {(each.name, number) for each in recordings for number in range(each.count)}
        bare, beyond = frames - self.boxes.entries.keys(), self.boxes.entries.keys() - frames
        lines = []
        if bare:
            view, number = min(bare)
            lines.append(
                f'{path}: {len(bare)} of {len(frames)} frames have no box, such as frame {number} '
                f'of {view}: nothing is predicted there'
            )
        if beyond:
            view, number = min(beyond)
            lines.append(
                f'{path}: boxes of {len(beyond)} frames that there are not, such as frame {number} '
                f'of {view}'
            )
        if self.boxes.numbered and any(each != number for each, number in self.numbers.items()):
            told = (f'individual{n + 1} is person_id {each}' for each, n in self.numbers.items())
            lines.append(', '.join(told))
        return lines

    def __call__(self, recording: Recording, frame: Frame) -> List[Box]:
        """The boxes of a frame that have an area in it."""
        height, width = frame.pixels.shape[:2]
        rows = self.boxes.entries.get((recording.name, frame.number), [])
        rows = [row for row in rows if has_area(row[2], width, height)]
        if self.boxes.numbered:
            best = {person: (score, box) for score, person, box in sorted(rows, key=_score)}
            return [Box(self.numbers[p], best[p][1], best[p][0]) for p in sorted(best)]
        rows = sorted(rows, key=_score, reverse=True)[: self.persons]
        return [Box(number, box, score) for number, (score, _, box) in enumerate(rows)]


def _places(recordings: Sequence[Recording]) -> Tuple[Dict[str, Tuple[str, int]], Dict[str, str]]:
    """File name -> recording and frame; and names that several recordings have -> a full one.

    An image is told by its own name, or with that of its recording before it.
    """
    places: Dict[str, Tuple[str, int]] = {}
    several: Dict[str, str] = {}
    for recording in recordings:
        for number in range(recording.count):
            name, place = recording.frame_name(number), (recording.name, number)
            full = f'{recording.name}/{posixpath.basename(name)}'
            if places.setdefault(name, place) != place:
                several[name] = full
            places[full] = place
    return places, several


class DetectedBoxes:
    """What a detector finds in the frame, the surest first.

    Args:
        detector (Callable): Image (H, W, 3) in BGR -> boxes and scores (N, 5).
        described (str): Which detector it is, for resuming.
        persons (int): Most bodies of a frame.
        score_thr (float): Lowest score.
        min_size (float): Shortest side, pixels.
        alone (bool): Whether more bodies than ``persons`` are refused.
    """

    def __init__(
        self,
        detector: Callable[[np.ndarray], np.ndarray],
        described: str,
        persons: int = 1,
        score_thr: float = 0.5,
        min_size: float = 16.0,
        alone: bool = False,
    ):
        self.detector = detector
        self.most = persons if alone else None
        kept = persons + bool(alone)
        self.keep = BoxFilter(score_thr, min_size, top_k=kept, on_bad='skip')
        self.described = digest([described, persons, score_thr, min_size])

    def __call__(self, recording: Recording, frame: Frame) -> List[Box]:
        """The boxes of a frame.

        Raises:
            FormatError: There are more than there may be.
        """
        height, width = frame.pixels.shape[:2]
        found = np.asarray(self.detector(frame.pixels), float).reshape(-1, 5)
        boxes, scores, _ = select_boxes(found[:, :4], found[:, 4], (width, height), self.keep)
        if self.most is not None and len(boxes) > self.most:
            raise FormatError(
                f'frame {frame.number} of {recording.name}: the detector finds several bodies, and '
                f'does not tell who is who in the other views. {BODIES}, or raise --score-thr'
            )
        rows = zip(boxes.tolist(), scores.tolist())
        return [Box(number, box, score) for number, (box, score) in enumerate(rows)]


def _score(row: tuple) -> float:
    return row[0]
