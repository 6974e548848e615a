"""Configs, metainfo and README of a project: people may edit them, and else they follow.

``project.json`` notes the digest of the text that each was made with (``made``). A file that is
still that text is made anew where the project has changed. One that was edited stays, and it is
said what it would need.
"""

import os.path as osp
from typing import Any, Callable, Dict, Optional

from ..fileio import sha256, write_text


class MadeFiles:
    """Such files of a project.

    Args:
        folder (str): Of the project.
        project (dict): What its ``project.json`` holds; empty without one.
        before (dict): Name of a file -> its text as it was made, where ``project.json`` was
            written by a version that notes no digests.
    """

    def __init__(self, folder: str, project: Dict[str, Any], before: Dict[str, str]):
        self.folder = folder
        self.made = {name: _digest(text) for name, text in before.items()}
        self.made.update(project.get('made') or {})

    def text_of(self, name: str) -> Optional[str]:
        """The text of a file as it is; None where it is not there."""
        path = osp.join(self.folder, name)
        if not osp.exists(path):
            return None
        with open(path, encoding='utf-8', errors='replace') as file:
            return file.read()

    def is_edited(self, name: str) -> bool:
        """Whether a file is there and is not as it was made."""
        text = self.text_of(name)
        return text is not None and _digest(text) != self.made.get(name)

    def write(self, name: str, text: str, report: Optional[Callable[[str], None]] = None) -> None:
        """Make a file, unless it was edited.

        Args:
            name (str): Below the project's folder.
            text (str): What it should be.
            report (callable, optional): Takes a line where an edited file would be another
                now; it names the lines that it lacks.
        """
        found, now = self.text_of(name), _digest(text)
        if found != text and not self.is_edited(name):
            write_text(osp.join(self.folder, name), text)
        elif found != text and report is not None and self.made.get(name, now) != now:
            report(f'{osp.join(self.folder, name)}: was edited and stays. {_lacking(found, text)}')
        self.made[name] = now

    def keep(self, name: str, text: str, report: Optional[Callable[[str], None]] = None) -> None:
        """Make a file where it is not there; else it stays as it is.

        Args:
            name, text, report: See :meth:`write`.
        """
        found = self.text_of(name)
        if found is None:
            self.write(name, text)
        elif found != text and report is not None:
            report(
                f'{osp.join(self.folder, name)}: stays as the experiment that has begun has it. '
                + _lacking(found, text)
            )

    def replace(self, name: str, text: str) -> None:
        """Write another text into a file, which stays edited if it was."""
        edited = self.is_edited(name)
        if self.text_of(name) != text:
            write_text(osp.join(self.folder, name), text)
        if not edited:
            self.made[name] = _digest(text)


def _lacking(found: Optional[str], text: str) -> str:
    """Which lines a file lacks of what it would be, in words."""
    there = set(map(str.strip, (found or '').splitlines()))
    lacking = [line.strip() for line in text.splitlines() if line.strip() not in there]
    return 'Made anew it would have: ' + '; '.join(f'`{line}`' for line in lacking)


def _digest(text: str) -> str:
    return sha256(text.encode())
