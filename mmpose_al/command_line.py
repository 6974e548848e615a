"""Commands and names as they are written for people: in messages, guides and reports."""

import os.path as osp
import re
import shlex
import shutil
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, Iterator, TextIO

NAME = 'mmpose-al'
# What moves the cursor, hides text or turns its direction, and halves of characters; but not
# tabs, line ends, and the colours of logs.
_UNPRINTABLE = re.compile(
    '\x1b(?!\\[(?:0|4|[39][1-7])m)'
    '|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]'
)


def command_line(*words: str) -> str:
    """A command of ``mmpose-al`` as the user of this Python can call it from any folder.

    Args:
        words (str): Such as ``'train', path``; quoted where a shell needs it.

    Returns:
        str: ``mmpose-al train ...`` where the console script of this Python is on the PATH,
        else ``python -m mmpose_al train ...``.
    """
    return ' '.join([program(), *map(shlex.quote, words)])


def in_markdown(name: object) -> str:
    """A name as text in Markdown, whatever is in it: no cell, link or HTML of its own."""
    text = re.sub(r'([\\`*|\[\]])', r'\\\1', ' '.join(str(name).split()))
    return text.replace('<', '&lt;').replace('>', '&gt;')


def printable(text: str) -> str:
    """A text that a terminal shows as it is: control characters are told as ``\\x1b``.

    Names of annotators, files and joints come from outside, and may hold any.
    """
    return _UNPRINTABLE.sub(lambda found: found[0].encode('unicode_escape').decode(), text)


@contextmanager
def printable_output() -> Iterator[None]:
    """Inside, all that is printed is :func:`printable`; a line may be written anew."""
    with redirect_stdout(_Printable(sys.stdout)), redirect_stderr(_Printable(sys.stderr)):
        yield


class _Printable:
    """A stream that is told printable text alone."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> int:
        start = text.startswith('\r')  # of a progress bar
        return self._stream.write(text[:start] + printable(text[start:]))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def program() -> str:
    """The first words of a command."""
    if _is_ours(NAME):
        return NAME
    python = 'python' if _is_ours('python') else shlex.quote(sys.executable or 'python')
    return f'{python} -m mmpose_al'


def _is_ours(name: str) -> bool:
    """Whether what a shell finds under a name lies beside this Python, or is this process."""
    found = shutil.which(name)
    if not found:
        return False
    folder = osp.dirname(osp.abspath(found))
    started = osp.abspath(sys.argv[0]) if sys.argv else ''
    return folder == osp.dirname(sys.executable) or osp.abspath(found) == started
