"""The journal of a round: one line an event, on the disk before anybody calls it saved.

It is only ever added to. What was done is what the events say, one after the other.
"""

import datetime
import os.path as osp
from typing import Any, Dict, List

from ... import fileio
from ..query import Query

JOURNAL_FORMAT, JOURNAL_VERSION = 'mmpose_al-label-journal', 1


class Journal:
    """The journal of the answers to a query.

    Args:
        path (str): Its file, which need not be there.
        query (Query): What is answered.

    Attributes:
        events (list[dict]): What was done, in order.
        torn (int): Lines that a killed process left unfinished; nobody was told that they
            were saved, and they are passed over.

    Raises:
        FileError: The file is no journal of this query.
    """

    def __init__(self, path: str, query: Query):
        self.path = path
        self._header = dict(
            format=JOURNAL_FORMAT, version=JOURNAL_VERSION, query=query.id, round=query.round
        )
        self.events: List[Dict[str, Any]] = []
        self.torn = 0
        self._begun = osp.exists(path) and self._read()

    def _read(self) -> bool:
        """Read the file; whether its first line is there."""
        header = None
        for line in fileio.read_bytes(self.path).split(b'\n'):
            if not line.strip():
                continue
            try:
                entry = fileio.parse_json(line, self.path)
            except fileio.FileError:
                self.torn += 1
                continue
            if header is None:
                header = entry
            else:
                self.events.append(entry)
        if header is not None and header != self._header:
            problem = f'is {fileio.short(header)}, not the journal of query {self._header["query"]}'
            remedy = 'move the file away, or put the query back'
            raise fileio.FileError(fileio.message(self.path, 'line 1', 'query', problem, remedy))
        return header is not None

    def append(self, event: Dict[str, Any]) -> Dict[str, Any]:
        """Add an event, with the time, and sync it to the disk.

        Returns:
            dict: The event as it is kept.

        Raises:
            OSError: It could not be written; it is no event then.
        """
        if not self._begun:
            fileio.make_folder(osp.dirname(self.path))
            fileio.append_line(self.path, fileio.to_json(self._header))
            self._begun = True
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='milliseconds')
        entry = dict(fileio.plain(event, nan_as_null=False), time=now)
        fileio.append_line(self.path, fileio.to_json(entry))
        self.events.append(entry)
        return entry
