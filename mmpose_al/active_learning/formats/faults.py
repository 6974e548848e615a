"""What is wrong with a file of answers: collected, so that all of it is told at once."""

from typing import Any, Dict, List, NoReturn, Optional, Sequence, Tuple

from ...fileio import is_number, message, short

SHOWN = 5  # faults that a message lists


class AnswerError(ValueError):
    """Answers are refused; the message names file, entry, field and remedy."""


class NothingNew(AnswerError):
    """A file is whole, but nothing of it is taken.

    Args:
        path (str): The file.
        why (str): Why nothing is.
        remedy (str): What to do, for who exports files.
    """

    def __init__(self, path: str, why: str, remedy: str):
        super().__init__(f'{path}: {why}. {remedy}')
        self.why = why


class Faults:
    """What is wrong with one file, and what of it is passed over.

    Args:
        path (str): The file.

    Attributes:
        found (list[str]): Faults, each of which refuses the file.
        passed_over (dict): What no answer is made of, and why -> its places in the file.
    """

    def __init__(self, path: str):
        self.path = path
        self.found: List[str] = []
        self.passed_over: Dict[str, List[str]] = {}

    def add(self, entry: str, field: str, problem: str, remedy: str) -> None:
        """Note a fault and read on."""
        self.found.append(message(self.path, entry, field, problem, remedy))

    def fail(self, entry: str, field: str, problem: str, remedy: str) -> NoReturn:
        """Refuse at once: the rest has no meaning."""
        self.add(entry, field, problem, remedy)
        raise AnswerError(self.text)

    def pass_over(self, entry: str, what: str) -> None:
        """Note something that is no answer, and no fault either."""
        self.passed_over.setdefault(what, []).append(entry)

    def check(self) -> None:
        """Refuse the file if anything is wrong with it.

        Raises:
            AnswerError: Something is.
        """
        if self.found:
            raise AnswerError(self.text)

    @property
    def text(self) -> str:
        """The first of the faults, one a line, and how many more there are."""
        more = len(self.found) - SHOWN
        return '\n'.join(self.found[:SHOWN]) + (f'\n... and {more} more faults' if more > 0 else '')


def leads_out(name: str) -> bool:
    """Whether a path of an answer leads out of the folder that it is relative to."""
    parts = name.replace('\\', '/').split('/')
    return name.startswith(('/', '\\')) or '..' in parts or ':' in parts[0] or '\0' in name


def check_joint(
    faults: Faults,
    entry: str,
    field: str,
    joint: str,
    values: Sequence[Any],
    size: Tuple[int, int],
    shift: float = 0.0,
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
        problem = f'joint {joint!r} is {short(list(values))}, not three finite numbers'
        return faults.add(entry, field, problem, 'write [x, y, v], [0, 0, 0] for an unknown joint')
    if v not in (0, 1, 2):
        problem = f'joint {joint!r} has visibility {short(v)}'
        return faults.add(
            entry, field, problem, 'write 0 (not labelled), 1 (hidden) or 2 (visible)'
        )
    if v == 0:
        return [0.0, 0.0, 0.0]
    place = [round(x + shift, 3), round(y + shift, 3)]
    if any(p < -0.5 or p > limit for p, limit in zip(place, size)):
        problem = (
            f'joint {joint!r} is at ({short(x)}, {short(y)}), outside the {size[0]}x{size[1]} image'
        )
        return faults.add(entry, field, problem, 'move it inside, or set its visibility to 0')
    return place + [float(v)]
