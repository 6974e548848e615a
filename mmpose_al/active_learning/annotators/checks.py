"""What the readers of answers share: faults, answers, and the check of one joint."""

import math
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...fileio import message

#: A file, or what an archive unpacks to, is at most so large.
MAX_BYTES = 2**29
SHOWN = 5  # faults that a message lists


class AnswerError(ValueError):
    """Answers are refused; the message names file, entry, field and remedy."""


class Answer(NamedTuple):
    """What came back for one person in one image.

    Attributes:
        entry (str): Its place in the file.
        annotation (int): Id in the pool.
        keypoints (ndarray): x, y in pixels of the pool, v in 0, 1, 2; float64 (K, 3).
        reviewed (bool): Whether somebody says to have looked at it.
    """

    entry: str
    annotation: int
    keypoints: np.ndarray
    reviewed: bool


class Faults:
    """Faults of one file, collected so that all are told at once.

    Args:
        path (str): The file.
    """

    def __init__(self, path: str):
        self.path = path
        self.found: List[str] = []

    def add(self, entry: str, field: str, problem: str, remedy: str) -> None:
        """Note a fault and read on."""
        self.found.append(message(self.path, entry, field, problem, remedy))

    def fail(self, entry: str, field: str, problem: str, remedy: str) -> None:
        """Refuse at once: the rest has no meaning."""
        self.add(entry, field, problem, remedy)
        self.check()

    def check(self) -> None:
        """Refuse the file if anything is wrong with it.

        Raises:
            AnswerError: Something is.
        """
        if self.found:
            more = len(self.found) - SHOWN
            raise AnswerError(
                '\n'.join(self.found[:SHOWN])
                + (f'\n... and {more} more faults' if more > 0 else '')
            )


def is_number(value: Any) -> bool:
    """Whether it is a finite number, and no truth value."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


def leads_out(name: str) -> bool:
    """Whether a path of an answer leads out of the folder that it is relative to."""
    parts = name.replace('\\', '/').split('/')
    return name.startswith(('/', '\\')) or '..' in parts or ':' in parts[0] or '\0' in name


def short(value: Any, length: int = 60) -> str:
    """A value for a message."""
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits
        return 'a number without end'
    return text if len(text) <= length else text[: length - 3] + '...'


def check_joint(
    faults: Faults,
    entry: str,
    field: str,
    joint: str,
    values: Sequence[Any],
    size: Tuple[int, int],
    shift: float,
) -> Optional[List[float]]:
    """Check [x, y, v] of one joint.

    Args:
        faults (Faults): Where faults go.
        entry, field, joint (str): For the message.
        values (Sequence): As they are in the file, in pixels.
        size (tuple): Width and height of the image.
        shift (float): What makes them pixels of the pool, whose first pixel's centre
            is (0, 0).

    Returns:
        list: x, y, v in pixels of the pool, zeros where v is 0; None for a fault.
    """
    x, y, v = values
    if not (is_number(x) and is_number(y) and is_number(v)):
        faults.add(
            entry,
            field,
            f'joint {joint!r} is {short(list(values))}, not three finite numbers',
            'write [x, y, v], [0, 0, 0] for an unknown joint',
        )
        return None
    if v not in (0, 1, 2):
        faults.add(
            entry,
            field,
            f'joint {joint!r} has visibility {short(v)}',
            'write 0 (not labelled), 1 (hidden) or 2 (visible)',
        )
        return None
    if v == 0:
        return [0.0, 0.0, 0.0]
    place = [round(x + shift, 3), round(y + shift, 3)]
    if any(p < -0.5 or p > limit for p, limit in zip(place, size)):
        faults.add(
            entry,
            field,
            f'joint {joint!r} is at ({short(x)}, {short(y)}), '
            f'outside the {size[0]}x{size[1]} image',
            'move it inside, or set its visibility to 0',
        )
        return None
    return place + [float(v)]
