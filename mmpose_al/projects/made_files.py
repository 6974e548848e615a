"""Configs, metainfo and README of a project: people may edit them, and else they follow.

``project.json`` notes the digest of the text that each was made with (``made``). A file that is
still that text is made anew where the project has changed. One that was edited stays, and it is
said what it would need.

``project.json`` is written last. Until then ``.made.json`` lists the digests of what is about to
be written, so that files are no edited ones where the command was killed in between.
"""

import os
import os.path as osp
from contextlib import suppress
from typing import Any, Callable, Dict, List, Optional

from ..fileio import read_json, sha256, write_json, write_text

UNSETTLED = '.made.json'


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
        self._path = osp.join(folder, UNSETTLED)
        self._unsettled: Dict[str, List[str]] = {}
        if osp.isfile(self._path):
            found = read_json(self._path)
            self._unsettled = {k: v for k, v in dict(found).items() if isinstance(v, list)}

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
        known = [self.made.get(name), *self._unsettled.get(name, ())]
        return text is not None and _digest(text) not in known

    def _put(self, name: str, text: str) -> None:
        self._unsettled.setdefault(name, []).append(_digest(text))
        write_json(self._path, self._unsettled)
        write_text(osp.join(self.folder, name), text)

    def settle(self) -> None:
        """To be called when ``project.json`` is written with what is ``made``."""
        self._unsettled = {}
        with suppress(FileNotFoundError):
            os.remove(self._path)

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
            self._put(name, text)
        elif found != text and report is not None and self.made.get(name) != now:
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
        if self.text_of(name) != text and edited:
            write_text(osp.join(self.folder, name), text)
        elif self.text_of(name) != text:
            self._put(name, text)
        if not edited:
            self.made[name] = _digest(text)


def _lacking(found: Optional[str], text: str) -> str:
    """Which lines a file lacks of what it would be, in words."""
    there = set(map(str.strip, (found or '').splitlines()))
    lacking = [line.strip() for line in text.splitlines() if line.strip() not in there]
    return 'Made anew it would have: ' + '; '.join(f'`{line}`' for line in lacking)


def _digest(text: str) -> str:
    return sha256(text.encode())
