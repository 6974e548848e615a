"""Commands and names as they are written for people: in messages, guides and reports."""

import os.path as osp
import re
import shlex
import shutil
import sys

NAME = 'mmpose-al'


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
