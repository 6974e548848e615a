"""A file that an annotation tool exported, read once.

An archive is never unpacked: single entries are read from it, within a limit, and names
that lead out of a folder, links and names that are there twice refuse it.
"""

import lzma
import stat
import struct
import zipfile
import zlib
from functools import cached_property
from typing import Any, Dict, List, Optional

from ...fileio import FileError, parse_json, read_bytes, sha256
from .faults import AnswerError, Faults, leads_out

#: A file, or what is read of an archive, is at most so large.
MAX_BYTES = 2**29
MAX_ENTRIES = 10**6
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


class Document:
    """A file of answers: a text, JSON mostly, or an archive of such texts.

    Args:
        path (str): The file.

    Attributes:
        path (str): The file.
        faults (Faults): Where faults of it go.
        is_archive (bool): Whether it is a zip archive.
        raw (bytes): Its content; of an archive nothing.
        sha256 (str): Of the file.

    Raises:
        AnswerError: It cannot be read, is too large, or is an archive that could do harm
            if it were unpacked.
    """

    def __init__(self, path: str):
        self.path, self.faults = path, Faults(path)
        self.raw = b''
        try:
            with open(path, 'rb') as file:
                self.is_archive = file.read(4) in (b'PK\3\4', b'PK\5\6')
            if not self.is_archive:
                self.raw = read_bytes(path, MAX_BYTES)
            self.sha256 = sha256(path if self.is_archive else self.raw)
        except FileError:
            self.faults.fail(
                'file',
                'size',
                f'is more than {MAX_BYTES // 2**20} MB',
                'export the annotations without images, or in parts',
            )
        except OSError as error:
            raise AnswerError(
                f'{path}: cannot be read ({error.strerror or error}). Give the file '
                'that the annotation tool exported'
            ) from None
        self._archive: Optional[zipfile.ZipFile] = None
        self._entries: Dict[str, zipfile.ZipInfo] = {}
        self._parsed: Dict[str, Any] = {}
        self._left = MAX_BYTES  # bytes that may still be read of the archive
        self.why_not_json: Optional[str] = None
        if self.is_archive:
            self._open()

    def __enter__(self) -> 'Document':
        return self

    def __exit__(self, *error: object) -> None:
        if self._archive is not None:
            self._archive.close()

    @property
    def text(self) -> str:
        """The content as text in UTF-8; what is no text becomes question marks."""
        return self.raw.decode('utf-8-sig', 'replace')

    @cached_property
    def json(self) -> Any:
        """The content as JSON; None for an archive, and for what is not JSON.

        Raises:
            AnswerError: A key of an object is there twice.
        """
        if self.is_archive:
            return None
        try:
            return _parse(self.raw, self.path)
        except FileError as error:
            self.why_not_json = str(error)
            return None

    @property
    def names(self) -> List[str]:
        """Names of an archive's entries, with forward slashes."""
        return list(self._entries)

    def read(self, name: str) -> bytes:
        """An entry of the archive.

        Raises:
            AnswerError: It is damaged, encrypted, or unpacks to too much.
        """
        info = self._entries[name]
        if info.flag_bits & 1:
            self.faults.fail(
                f'entry {name!r}', 'content', 'is encrypted', 'export it without a password'
            )
        raw = b''
        if info.file_size <= self._left:
            assert self._archive is not None  # or there would be no such entry
            try:
                with self._archive.open(info) as file:
                    raw = file.read(self._left + 1)
            except _DAMAGED as error:
                self._damaged(error)
        if max(info.file_size, len(raw)) > self._left:
            self.faults.fail(
                f'entry {name!r}',
                'size',
                f'unpacks to more than {MAX_BYTES // 2**20} MB, with those before it',
                'export the task again, without images, or in parts',
            )
        self._left -= len(raw)
        return raw

    def read_json(self, name: str) -> Any:
        """An entry of the archive as JSON; read once, however often it is asked for.

        Raises:
            AnswerError: See :meth:`read`, or it is not JSON.
        """
        if name not in self._parsed:
            try:
                self._parsed[name] = _parse(self.read(name), f'{self.path}: entry {name!r}')
            except FileError as error:
                raise AnswerError(str(error)) from None
        return self._parsed[name]

    def _open(self) -> None:
        try:
            self._archive = zipfile.ZipFile(self.path)
            infos = self._archive.infolist()
        except _DAMAGED as error:
            self._damaged(error)
        for info in infos[:MAX_ENTRIES]:
            self._check_entry(info)
            self._entries[_plain_name(info)] = info
        if len(infos) > MAX_ENTRIES:
            self.faults.fail(
                'archive', 'entries', f'there are more than {MAX_ENTRIES}', 'export one task'
            )

    def _check_entry(self, info: zipfile.ZipInfo) -> None:
        entry, remedy = f'entry {info.filename!r}', 'this is no export; export the task again'
        if leads_out(info.filename) or '\0' in info.orig_filename:
            self.faults.fail(entry, 'path', 'leads out of the folder it is unpacked into', remedy)
        if stat.S_ISLNK(info.external_attr >> 16):
            self.faults.fail(entry, 'type', 'is a link', remedy)
        if _plain_name(info) in self._entries:
            self.faults.fail(entry, 'path', 'is in the archive twice', 'keep one of them')

    def _damaged(self, error: Exception) -> None:
        self.faults.fail(
            'archive',
            'content',
            f'cannot be read ({error})',
            'it may be truncated; export or copy it again',
        )


def _plain_name(info: zipfile.ZipInfo) -> str:
    """An entry's name with forward slashes; Windows writes others."""
    return info.filename.replace('\\', '/')


def _parse(raw: bytes, path: str) -> Any:
    """JSON without keys that are there twice."""
    remedy = 'It may be truncated; export or copy it again.'
    return parse_json(raw, path, remedy, unique_keys=True)
