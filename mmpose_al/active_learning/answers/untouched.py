"""Persons who came back where the prediction had put them, and exact copies of others.

A tool may number everything anew, measure pixels from another place, and round. So a person is
compared at both origins of pixels, and to within the grid that all numbers of the file lie on.
The numbers of many joints tell both: what nobody moved is off by half a pixel, by a rounding
error, or by nothing; nobody who clicks is so near in every joint.
"""

from collections import Counter
from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from ..formats import Answer, AnswerError
from ..query import Query

#: Tools round to hundredths of a pixel; closer than this is where the prediction was.
UNCHANGED = 0.02
#: Nobody clicks so many joints in two images at the same places, to the last digit.
COPIED = 3
#: Pixels that a file's numbers may be off by, for its origin is half a pixel elsewhere.
_ORIGINS = (0.0, -0.5, 0.5)
_GRIDS = (1.0, 0.1)  # pixels; a finer one is within UNCHANGED
_ENOUGH = 6  # coordinates that tell an origin


class Untouched(NamedTuple):
    """What of some answers nobody has moved.

    Attributes:
        annotations (list[int]): Persons where the prediction had put them.
        grid (float, optional): What the file rounds to, pixels; None: nothing coarse.
        offset (float): By how much the file's pixels seem to be off, -0.5, 0 or 0.5.
    """

    annotations: List[int]
    grid: Optional[float]
    offset: float


def is_labelled(answer: Answer) -> bool:
    """Whether an answer labels a joint."""
    return bool((answer.keypoints[:, 2] > 0).any())


def find_untouched(answers: Sequence[Answer], query: Query) -> Untouched:
    """Which persons are where the prediction had put them.

    All joints that were filled in are there, and no others; and all are visible, or all
    hidden, since some tools do not know the difference.

    Args:
        answers (Sequence[Answer]): One a person, of one file.
        query (Query): What they answer.
    """
    found = [a for a in answers if is_labelled(a)]
    grid = common_grid([a.keypoints for a in found])
    told = [a for a in found if query.annotations[a.annotation]['prediction'] is not None]
    same, off = [], []
    for answer in told:
        offsets = _offsets(answer.keypoints, query.annotations[answer.annotation]['prediction'])
        if offsets is not None and _explained(offsets, grid):
            same.append(answer.annotation)
            off.append(offsets.ravel())
    offsets = np.concatenate(off) if off else np.zeros(0)
    return Untouched(same, grid, _origin(offsets))


def beside_others(answers: Sequence[Answer], query: Query) -> List[Answer]:
    """Answers that nobody has looked at, about persons about whom there are others.

    An administrator may have made annotations of all predictions, also where people had
    submitted theirs.

    Args:
        answers (Sequence[Answer]): Of one file, several a person.
        query (Query): What they answer.
    """
    number = Counter(answer.annotation for answer in answers)
    doubtful = [a for a in answers if number[a.annotation] > 1 and not a.reviewed]
    untouched = [a for a in doubtful if find_untouched([a], query).annotations]
    left = number - Counter(answer.annotation for answer in untouched)
    return [answer for answer in untouched if left[answer.annotation]]


def common_grid(poses: Sequence[np.ndarray]) -> Optional[float]:
    """The coarsest grid that all labelled coordinates lie on, or None.

    Pixels are shifted by half a one where a file measures from the corner; the grid is that
    of the file.
    """
    if not poses:
        return None
    points = np.concatenate([pose[pose[:, 2] > 0, :2].ravel() for pose in poses])
    for grid in _GRIDS:
        for shift in (0.0, 0.5):
            steps = (points + shift) / grid
            if np.abs(steps - steps.round()).max(initial=0) * grid < 2e-3:
                return grid
    return None


def _offsets(keypoints: np.ndarray, prediction: Sequence) -> Optional[np.ndarray]:
    """How far joints are from the prediction, (J, 2); None where they are not the same ones."""
    filled = np.asarray(prediction)
    there = filled.any(1)
    seen = keypoints[:, 2]
    if not np.array_equal(there, seen > 0) or len(set(seen[there].tolist())) > 1:
        return None
    return keypoints[there, :2] - filled[there, :2]


def _explained(offsets: np.ndarray, grid: Optional[float]) -> bool:
    """Whether an origin, and rounding or cutting off, make all of these offsets."""
    near = UNCHANGED + 1e-6
    step = grid or 0.0
    windows = [(-step / 2, step / 2)]
    if grid:
        windows.append((-step, 0.0))  # cut off
    low, high = offsets.min(), offsets.max()
    return any(
        origin + first - near <= low and high <= origin + last + near
        for origin in _ORIGINS
        for first, last in windows
    )


def _origin(offsets: np.ndarray) -> float:
    """The origin that these offsets of untouched joints speak for.

    Rounding has the mean 0. Cutting off numbers that are measured from the corner gives the
    number of the pixel, which is what is measured from the centre.
    """
    if len(offsets) < _ENOUGH:
        return 0.0
    mean = float(offsets.mean())
    return min(_ORIGINS, key=lambda origin: abs(mean - origin))


def check_origin(untouched: Untouched, path: str) -> None:
    """Ask where pixels are measured from, if what nobody moved tells of another place.

    Raises:
        AnswerError: It does.
    """
    if not untouched.offset:
        return
    read, other = ('corner', 'center') if untouched.offset < 0 else ('center', 'corner')
    raise AnswerError(
        f'{path}: annotations, field "keypoints": {len(untouched.annotations)} persons are '
        f'where the prediction was if (0, 0) is the {other} of the first pixel, but the file is '
        f'read as measured from its {read}, half a pixel away. Say --origin {other} if a script '
        'wrote the file, or a tool kept the numbers of the query; say '
        f'--origin {read} if joints were moved in a tool that measures so (CVAT: corner), which '
        'leaves these persons out'
    )


def copies(answers: Sequence[Answer], query: Query) -> List[Answer]:
    """Persons with exactly the joints of an earlier one in another image, not looked at."""
    first: Dict[bytes, int] = {}
    copied = []
    for answer in answers:
        image = query.annotations[answer.annotation]['image_id']
        if answer.reviewed or (answer.keypoints[:, 2] > 0).sum() < COPIED:
            continue
        if first.setdefault(answer.keypoints.tobytes(), image) != image:
            copied.append(answer)
    return copied
