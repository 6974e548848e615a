"""Files of entries that are added to and never changed, and that say when they are damaged.

A line holds one entry, its length and its SHA-256:

    {"bytes":           25, "sha256": "<64 digits>", "entry": {"format": "...", ...}}

A line that a killed process or a power loss has torn is not there: what it says was never
acknowledged. Every other change of a file, be it one bit or an edit by hand, is an error that
names the line. What the entries mean is no concern here.
"""

import re
from typing import Any, List, Optional, Sequence

from .fileio import FileError, parse_json, sha256, short, to_json

_START = re.compile(rb'\{"bytes": ([ \d]{11}\d), "sha256": "([0-9a-f]{64})", "entry": ')
_LENGTH = 111  # bytes of a line before its entry
_BEGINNING = b'{"bytes": '


class DamagedError(FileError):
    """A line of a journal is not as it was written.

    Args:
        text (str): What is wrong.
        whole (Sequence): The entries of the lines before it.
        number (int): Of the line, from 1.
    """

    def __init__(self, text: str, whole: Sequence[Any], number: int):
        super().__init__(text)
        self.whole, self.number = list(whole), number


def is_journal(raw: bytes) -> bool:
    """Whether bytes begin as a journal does."""
    return raw.startswith(_BEGINNING)


def line_of(entry: Any) -> bytes:
    """An entry as a line, with its line end; numbers that are not finite become null."""
    text = to_json(entry).encode()
    start = f'{{"bytes": {len(text):12d}, "sha256": "{sha256(text)}", "entry": '
    return start.encode() + text + b'}\n'


def parse(raw: bytes, path: str) -> List[Any]:
    """The entries of a journal, oldest first.

    Args:
        raw (bytes): All of the file.
        path (str): What a message names.

    Raises:
        DamagedError: A line is not as it was written.
    """
    entries: List[Any] = []
    place = 0
    while place < len(raw):
        end = raw.find(b'\n', place)
        # Zeros are what a power loss leaves of blocks that were not written.
        line = raw[place:].rstrip(b'\0') if end < 0 else raw[place:end]
        if end < 0 and _is_torn(line):
            break
        text = _entry_of(line)
        if text is None:
            raise _damaged(path, entries)
        entries.append(parse_json(text, f'{path}: line {len(entries) + 1}'))
        if end < 0:  # all but the line end was written
            break
        place = end + 1
    return entries


def _is_torn(line: bytes) -> bool:
    """Whether a last line without its end is shorter than it says."""
    if len(line) < _LENGTH:
        return True
    start = _START.match(line)
    return start is not None and len(line) < _LENGTH + int(start.group(1)) + len(b'}')


def _entry_of(line: bytes) -> Optional[bytes]:
    """The entry's text of a whole line; None where its bytes are not those that were written."""
    start, text = _START.match(line), line[_LENGTH:-1]
    if start is None or line[-1:] != b'}' or start.group(1) != b'%12d' % len(text):
        return None
    return text if sha256(text).encode() == start.group(2) else None


def _damaged(path: str, entries: Sequence[Any]) -> DamagedError:
    number = len(entries) + 1
    after = f' (behind {short(entries[-1], 160)})' if entries else ''
    text = f'{path}: line {number}{after}: its bytes are not those that were written'
    return DamagedError(text, entries, number)
