"""The journal of a round: one line an event, on the disk before anybody calls it saved.

It is only ever added to. What was done is what the events say, one after the other. Lines are
those of :mod:`mmpose_al.journal`.
"""

import datetime
import os.path as osp
from typing import Any, Dict, List

from ... import fileio
from ...command_line import command_line
from ...journal import DamagedError, line_of, parse
from ..query import Query

JOURNAL_FORMAT, JOURNAL_VERSION = 'mmpose_al-label-journal', 1


class Journal:
    """The journal of the answers to a query.

    Args:
        path (str): Its file, which need not be there.
        query (Query): What is answered.

    Attributes:
        events (list[dict]): What was done, in order.
        torn (bool): Whether a killed process left an unfinished line. Nobody was told that it
            was saved; it is passed over, and taken away before the next event is added.

    Raises:
        FileError: The file is damaged, or the journal of another query.
    """

    def __init__(self, path: str, query: Query):
        self.path = path
        self._header = dict(
            format=JOURNAL_FORMAT, version=JOURNAL_VERSION, query=query.id, round=query.round
        )
        self.events: List[Dict[str, Any]] = []
        self.torn = False
        self._size = 0  # of the file, as far as its lines are whole
        if osp.exists(path):
            self._read()

    def _read(self) -> None:
        raw = fileio.read_bytes(self.path)
        try:
            entries = parse(raw, self.path)
        except DamagedError as error:
            doctor = command_line('doctor', osp.dirname(osp.dirname(self.path)))
            text = f'{error}. `{doctor}` shows the way back'
            raise DamagedError(text, error.whole, error.number) from error
        if entries and entries[0] != self._header:
            problem = f'is {fileio.short(entries[0])}, not that of query {self._header["query"]}'
            remedy = 'move the file away, or put the query back'
            raise fileio.FileError(fileio.message(self.path, 'line 1', 'query', problem, remedy))
        self.events = entries[1:]
        self.torn = raw != self._whole(entries)
        self._size = 0 if self.torn else len(raw)

    @staticmethod
    def _whole(entries: List[Any]) -> bytes:
        return b''.join(map(line_of, entries))

    def append(self, event: Dict[str, Any]) -> Dict[str, Any]:
        """Add an event, with the time, and sync it to the disk.

        Returns:
            dict: The event as it is kept.

        Raises:
            OSError: It could not be written; it is no event then.
            ValueError: It holds a number that is not finite.
        """
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='milliseconds')
        entry = dict(fileio.plain(event, nan_as_null=False), time=now)
        if not self._size:  # there is no file, or it ends in an unfinished line
            whole = self._whole([self._header, *self.events])
            fileio.write_bytes(self.path, whole)
            self._size, self.torn = len(whole), False
        line = line_of(entry)
        fileio.append_bytes(self.path, line, self._size)
        self._size += len(line)
        self.events.append(entry)
        return entry
