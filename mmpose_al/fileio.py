"""Files: atomic writes, JSON rules, reading with limits, locks, digests. The only place.

A file is written beside its target under a temporary name, synced to the disk, and renamed;
then the folder is synced too, so that after a power loss the file is the old one or the new
one, never half of it, and never neither. What a killed process leaves carries its machine
and its number in its name, and :func:`remove_leftovers` takes it away.

Nothing here knows what the files are about, and nothing but NumPy is imported, so that a
command that only looks answers at once.
"""

import csv
import errno
import gc
import hashlib
import io
import itertools
import json
import math
import mmap
import os
import os.path as osp
import platform
import re
import shutil
import stat
import struct
import time
import zipfile
from contextlib import contextmanager, suppress
from typing import IO, Any, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np

JSON_LIMIT = 4 * 2**30  # bytes of a JSON file that is read into memory
ARRAYS_LIMIT = 64 * 2**30  # bytes of the arrays in an npz file
_NAME_LENGTH, _LOCAL_HEADER = 26, 30  # where in an entry's header; its size without names
_MAPPED = 2**26  # bytes of an array that is not read but mapped
CHECKSUM = '.sha256'  # ending of the file beside another that holds its checksum
STALE = 24 * 3600  # seconds after which nobody is still writing a temporary file
_MANY_OBJECTS = 10_000  # new ones that are worth the collector's attention
_CHUNK = 2**20
_ENTRIES = 1000  # of a list that become JSON at once
_WORDS = frozenset((str, bool, int, type(None)))  # JSON as they are
_NUMBERS = frozenset((float, int))
_HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:6]
_PROCESS = os.urandom(3).hex()  # a later process may get the number of a killed one
_COUNT = itertools.count()
_TEMPORARY = re.compile(r'\.([0-9a-f]{6})-(\d+)-([0-9a-f]{6})-\d+\.tmp$')
_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ESTALE)
# How compressed files begin -> what they are and how they are unpacked.
_COMPRESSED = {
    b'\x1f\x8b': ('gzip', 'gunzip'),
    b'PK\x03\x04': ('zip', 'unzip'),
    b'BZh': ('bzip2', 'bunzip2'),
    b'\xfd7zXZ\x00': ('xz', 'unxz'),
    b'\x28\xb5\x2f\xfd': ('zstd', 'unzstd'),
}
_UTF16 = (b'\xff\xfe', b'\xfe\xff')  # how files in it begin
_NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF, errno.EACCES)

__all__ = [
    'FileError',
    'all_numbers',
    'append_bytes',
    'append_line',
    'are_numbers',
    'atomic',
    'atomic_folder',
    'atomic_path',
    'check_checksum',
    'checksum_fault',
    'compression',
    'digest',
    'file_fault',
    'give_back',
    'is_int',
    'is_number',
    'is_written',
    'json_pieces',
    'keep_copy',
    'leftovers',
    'link',
    'locked',
    'machine',
    'make_folder',
    'message',
    'parse_json',
    'plain',
    'read_arrays',
    'read_bytes',
    'read_checked',
    'read_json',
    'read_rows',
    'remove_leftovers',
    'set_aside',
    'sha256',
    'short',
    'sync_folder',
    'sync_parents',
    'text_and_sha256',
    'to_json',
    'without_collector',
    'visible_names',
    'write_arrays',
    'write_bytes',
    'write_checked',
    'write_figure',
    'write_image',
    'write_json',
    'write_text',
]


class FileError(ValueError):
    """A file cannot be read as what it should be. The message names it and a remedy."""

    @classmethod
    def at(cls, path: str, entry: str, field: str, problem: str, remedy: str) -> 'FileError':
        """With the :func:`message` of these."""
        return cls(message(path, entry, field, problem, remedy))


def message(path: str, entry: str, field: str, problem: str, remedy: str) -> str:
    """What is wrong with a file, in one line: where, what, and what to do about it."""
    return f'{path}: {entry}, field "{field}": {problem}. {remedy[:1].upper()}{remedy[1:]}.'


# ---- writing ---------------------------------------------------------------------


def sync_folder(folder: str) -> None:
    """Sync a folder, so that a rename in it outlives a power loss.

    Where folders cannot be opened or synced (Windows, some network file systems), nothing
    is done.
    """
    try:
        handle = os.open(folder or '.', os.O_RDONLY)
    except PermissionError:
        return
    try:
        _sync(handle)
    finally:
        os.close(handle)


def _sync(handle: int) -> None:
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def make_folder(folder: str) -> None:
    """Make a folder and those above it, so that they outlive a power loss.

    Raises:
        FileError: A file stands there.
    """
    folder = osp.abspath(folder)
    missing = []
    while not osp.isdir(folder) and osp.dirname(folder) != folder:
        missing.append(folder)
        folder = osp.dirname(folder)
    for each in reversed(missing):
        if osp.isfile(each):
            raise FileError(f'{each}: is a file, and a folder is to be made there. Name another')
        os.makedirs(each, exist_ok=True)
        sync_folder(osp.dirname(each))


def sync_parents(folder: str) -> None:
    """Let a folder outlive a power loss that somebody else made, and those above it."""
    folder = osp.abspath(folder)
    while osp.dirname(folder) != folder:
        folder = osp.dirname(folder)
        with suppress(OSError):  # a file system that is only read
            sync_folder(folder)


@contextmanager
def atomic(path: str, mode: str = 'w', sync: bool = True) -> Iterator[IO]:
    """A file that takes its name only when it is whole and on the disk.

    Folders above it are made. A link stays a link: the file that it names is replaced. The
    new file has the mode of the old one. On any exception the target stays as it was and
    the temporary file is removed. A device or a pipe (``/dev/null``) is written directly.

    Args:
        path (str): The target.
        mode (str): ``'w'`` for text in UTF-8 with ``\\n`` line ends, ``'wb'`` for bytes.
        sync (bool): Whether it has to outlive a power loss, which takes milliseconds.
            Without, a killed process leaves it whole all the same; for thousands of files
            that are looked at, and can be made again.

    Yields:
        file: To be written to.

    Raises:
        OSError: The disk is full or the folder cannot be written; it names the target.
    """
    if mode not in ('w', 'wb'):
        raise ValueError(f"mode is 'w' or 'wb'; got {mode!r}")
    encoding, newline = (None, None) if mode == 'wb' else ('utf-8', '\n')
    target = osp.realpath(path)
    if osp.isdir(target):
        raise IsADirectoryError(errno.EISDIR, 'is a folder, not a file', path)
    if osp.exists(target) and not osp.isfile(target):
        with open(path, mode, encoding=encoding, newline=newline) as file:
            yield file
        return
    make_folder(osp.dirname(target))
    temporary = _temporary(target)
    try:
        with open(temporary, mode.replace('w', 'x'), encoding=encoding, newline=newline) as file:
            yield file
            if sync:
                file.flush()
                _sync(file.fileno())
        if osp.exists(target):  # the new file may be read by whom the old one could be
            with suppress(OSError):
                os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(temporary, target)
    except BaseException as error:
        with suppress(OSError):
            os.remove(temporary)
        if isinstance(error, OSError) and _is_about(error, temporary):
            raise OSError(error.errno, error.strerror, path) from error
        raise
    if sync:
        sync_folder(osp.dirname(target))


@contextmanager
def atomic_path(path: str) -> Iterator[str]:
    """A path for a library that writes files by their names; else as :func:`atomic`.

    Args:
        path (str): The target.

    Yields:
        str: Where to write: a file of the same name in a folder beside the target.
    """
    target = osp.realpath(path)
    if osp.isdir(target):
        raise IsADirectoryError(errno.EISDIR, 'is a folder, not a file', path)
    make_folder(osp.dirname(target))
    folder = _temporary(target)
    os.mkdir(folder)
    try:
        written = osp.join(folder, osp.basename(target))
        yield written
        _sync_all(folder)
        os.replace(written, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sync_folder(osp.dirname(target))


@contextmanager
def atomic_folder(path: str) -> Iterator[str]:
    """A folder that takes its name only when all of it is there and on the disk.

    On any exception nothing is left of it.

    Args:
        path (str): The folder, which is not there yet, or is empty.

    Yields:
        str: The folder that takes the files, under another name beside it.

    Raises:
        OSError: The disk is full, or there is something in the folder; it names the path.
    """
    target = osp.realpath(path)
    make_folder(osp.dirname(target))
    temporary = _temporary(target)
    os.mkdir(temporary)
    try:
        yield temporary
        _sync_all(temporary)
        os.rename(temporary, target)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, OSError) and _is_about(error, temporary):
            raise OSError(error.errno, error.strerror, path) from error
        raise
    sync_folder(osp.dirname(target))


def _sync_all(folder: str) -> None:
    """Sync the files in a folder, those of the folders in it, and the folders."""
    for root, _, names in os.walk(folder):
        for name in names:
            path = osp.join(root, name)
            if not osp.islink(path):
                with open(path, 'rb') as file:
                    _sync(file.fileno())
        sync_folder(root)


def _temporary(target: str) -> str:
    """A name beside the target that no other process and no other thread takes."""
    folder, name = osp.split(target)
    name = name.encode()[:180].decode(errors='ignore')  # most systems allow 255 bytes
    mark = f'{_HOST}-{os.getpid()}-{_PROCESS}-{next(_COUNT)}'
    return osp.join(folder, f'{name}.{mark}.tmp')


def _is_about(error: OSError, temporary: str) -> bool:
    """Whether an error came of writing this file, rather than of what its writer reads."""
    if error.filename is not None:
        return error.filename == temporary
    return error.errno in _OF_THE_DISK


def link(target: str, path: str) -> None:
    """Make ``path`` a symbolic link to a file or folder, in the place of another link.

    Where links cannot be made (some file systems, Windows without the right), files are
    copied.

    Args:
        target (str): What is linked to; it is there.
        path (str): The link.

    Raises:
        FileExistsError: There is something at ``path`` that is no link.
    """
    target = osp.realpath(target)
    if osp.realpath(path) == target:
        return
    if osp.lexists(path) and not osp.islink(path):
        raise FileExistsError(errno.EEXIST, 'is no link, and is not replaced', path)
    make_folder(osp.dirname(osp.abspath(path)))
    temporary = _temporary(osp.abspath(path))
    try:
        os.symlink(target, temporary)
    except OSError:
        if osp.isdir(target):
            shutil.copytree(target, temporary)
        else:
            shutil.copyfile(target, temporary)
    if osp.islink(path):
        os.remove(path)
    os.replace(temporary, path)
    sync_folder(osp.dirname(osp.abspath(path)))


def write_bytes(path: str, content: Union[bytes, Iterable[bytes]], sync: bool = True) -> None:
    """Write bytes, all at once or in pieces, see :func:`atomic`."""
    with atomic(path, 'wb', sync) as file:
        for piece in [content] if isinstance(content, bytes) else content:
            file.write(piece)


def write_checked(path: str, content: Union[bytes, Iterable[bytes]]) -> None:
    """Write bytes, and their SHA-256 beside them: ``FILE.sha256``, as ``sha256sum`` writes it.

    A process that is killed leaves the file with its checksum or without one, never with one
    of other bytes. See :func:`checksum_fault`.

    Args:
        path (str): The target.
        content (bytes | Iterable[bytes]): All of it, or pieces that are never all in memory.
    """
    hasher = hashlib.sha256()

    def hashed() -> Iterator[bytes]:
        for piece in [content] if isinstance(content, bytes) else content:
            hasher.update(piece)
            yield piece

    beside = path + CHECKSUM
    with suppress(FileNotFoundError):
        os.remove(beside)
        sync_folder(osp.dirname(beside))
    write_bytes(path, hashed())
    write_text(beside, f'{hasher.hexdigest()}  {osp.basename(path)}\n')


def write_text(path: str, content: str) -> None:
    """Write text in UTF-8, see :func:`atomic`."""
    with atomic(path) as file:
        file.write(content)


def write_json(
    path: str,
    content: Any,
    indent: Optional[int] = 1,
    sort_keys: bool = False,
    nan_as_null: bool = True,
    checked: bool = False,
) -> None:
    """Write a value as strict JSON, see :func:`atomic` and :func:`plain`.

    Args:
        path (str): The target.
        content: The value.
        indent (int, optional): Of the lines; None writes all in one line, as large files
            want it.
        sort_keys (bool): Whether keys are sorted.
        nan_as_null (bool): Whether numbers that JSON has no word for (NaN, infinities)
            become ``null``, as measurements want it. Data wants False: they are errors.
        checked (bool): Whether its SHA-256 goes beside it, see :func:`write_checked`.

    Raises:
        TypeError: The value holds something that is not JSON; it names the path.
        ValueError: It holds a number that JSON has no word for. The file stays as it was.
    """
    try:
        text = to_json(content, indent, sort_keys, nan_as_null)
    except (TypeError, ValueError) as error:
        raise type(error)(f'{path}: {error}') from None
    if checked:
        write_checked(path, (text + '\n').encode())
    else:
        write_text(path, text + '\n')


def write_arrays(path: str, /, **arrays: np.ndarray) -> None:
    """Write arrays as an ``npz`` without pickles, see :func:`atomic`.

    They are compressed, but for large ones of float32: what a network says hardly becomes
    smaller, and as it is :func:`read_arrays` need not have it in memory.

    Raises:
        ValueError: An array holds Python objects.
    """
    for name, array in arrays.items():
        if np.asarray(array).dtype.hasobject:
            raise ValueError(f'{path}: {name} holds Python objects, which only a pickle keeps')
    with atomic(path, 'wb') as file, zipfile.ZipFile(file, 'w') as archive:
        for name, array in arrays.items():
            array = np.asarray(array)
            entry = zipfile.ZipInfo(f'{name}.npy')
            large = array.dtype == np.float32 and array.nbytes >= _MAPPED
            entry.compress_type = zipfile.ZIP_STORED if large else zipfile.ZIP_DEFLATED
            with archive.open(entry, 'w', force_zip64=True) as part:
                np.lib.format.write_array(part, array, allow_pickle=False)


def write_image(path: str, image: np.ndarray) -> None:
    """Write a picture, see :func:`atomic`.

    Args:
        path (str): Its ending (``.png``, ``.jpg``, ...) says the format.
        image (np.ndarray): (H, W) or (H, W, 3) in BGR, uint8.

    Raises:
        OSError: OpenCV knows no such format; it names the path.
    """
    import cv2

    try:
        done, content = cv2.imencode(osp.splitext(path)[1], image)
    except cv2.error:
        done = False
    if not done:
        raise OSError(f'{path}: cannot be written as a picture; let it end in .png or .jpg')
    write_bytes(path, content.tobytes())


def write_figure(path: str, figure: Any, **options: Any) -> None:
    """Write a figure of Matplotlib, see :func:`atomic`.

    Args:
        path (str): Its ending says the format, as ``savefig`` does it.
        figure (matplotlib.figure.Figure): It stays open.
        **options: Of ``savefig``: ``dpi``, ``metadata``, ...
    """
    options.setdefault('format', osp.splitext(path)[1][1:] or 'png')
    content = io.BytesIO()
    figure.savefig(content, **options)
    write_bytes(path, content.getvalue())


def append_line(path: str, line: str) -> None:
    """Append one line to a file and sync it; the folder too, where the file is new.

    A torn last line (a killed process, a full disk) stays as it is; the new line starts
    after it.
    """
    if '\n' in line:
        raise ValueError('a line has no line ends in it')
    new = not osp.exists(path)
    with open(path, 'a+b') as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b'\n':
                line = '\n' + line
        file.write((line + '\n').encode())
        file.flush()
        _sync(file.fileno())
    if new:
        sync_folder(osp.dirname(osp.abspath(path)))


def append_bytes(path: str, content: bytes, size: int) -> None:
    """Append bytes to a file of a known size, and sync it.

    After a kill or a power loss the file may hold a part of them. On an error it is cut to
    the size that it had.

    Raises:
        FileError: The file has another size: somebody else wrote in it.
        OSError: The disk is full or the file cannot be written; it names the path.
    """
    with open(path, 'r+b', buffering=0) as file:
        if file.seek(0, os.SEEK_END) != size:
            raise FileError(f'{path}: somebody else wrote in this file meanwhile')
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[file.write(rest) :]
            _sync(file.fileno())
        except OSError as error:
            with suppress(OSError):
                file.truncate(size)
            raise OSError(error.errno, error.strerror, path) from error


def keep_copy(path: str, name: str) -> None:
    """Keep a file as it is now under another name in its folder, in place of what is there."""
    target = osp.join(osp.dirname(path), name)
    temporary = _temporary(target)
    try:
        try:
            os.link(path, temporary)  # the file will be replaced, not written in
        except OSError:  # a file system without links
            shutil.copyfile(path, temporary)
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.remove(temporary)
        raise


def leftovers(folder: str) -> List[str]:
    """Names of temporary files and folders whose writer is no more.

    Those of a process of this machine that does not run any longer, and all that nobody
    has touched for a day, such as those of other machines. Others may still be written.

    Args:
        folder (str): Looked at without the folders in it.
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    marks = [(name, _TEMPORARY.search(name)) for name in names]
    return [n for n, mark in marks if mark and _is_left(osp.join(folder, n), *mark.groups())]


def remove_leftovers(folder: str) -> List[str]:
    """Remove temporary files and folders whose writer is no more, see :func:`leftovers`.

    Returns:
        list[str]: The names of what was removed.
    """
    removed: List[str] = []
    for name in leftovers(folder):
        path = osp.join(folder, name)
        with suppress(OSError):
            if osp.isdir(path):
                shutil.rmtree(path)
            else:
                os.remove(path)
            removed.append(name)
    return removed


def set_aside(path: str) -> str:
    """Rename a damaged file to ``FILE.damaged``, or ``.damaged2``, ...; gives the new path.

    Its checksum is removed: it speaks of other bytes.
    """
    names = (f'{path}.damaged{number or ""}' for number in itertools.chain([0], itertools.count(2)))
    target = next(name for name in names if not osp.lexists(name))
    os.rename(path, target)
    if osp.isdir(path + CHECKSUM):
        os.rename(path + CHECKSUM, target + CHECKSUM)
    else:
        with suppress(FileNotFoundError):
            os.remove(path + CHECKSUM)
    sync_folder(osp.dirname(path))
    return target


def _is_left(path: str, host: str, number: str, process: str) -> bool:
    """Whether nobody writes a temporary file any longer; its name says who did."""
    if host == _HOST:
        if int(number) == os.getpid():
            return process != _PROCESS
        if not _runs(int(number)):
            return True
    with suppress(OSError):
        return time.time() - os.stat(path).st_mtime > STALE
    return False


def _runs(number: int) -> bool:
    """Whether a process with this number runs on this machine."""
    if os.name == 'nt':  # there, os.kill would end it
        return True
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's, or no such thing here
        return True
    return True


# ---- JSON ------------------------------------------------------------------------


def plain(value: Any, nan_as_null: bool = True) -> Any:
    """A value as strict JSON can say it.

    Arrays and NumPy's numbers become lists and numbers, tuples become lists, whole numbers
    as keys become text, and numbers that are not finite become None.

    Args:
        value: Lists, tuples, dicts, arrays, numbers, texts, truth values, None.
        nan_as_null (bool): Whether numbers that are not finite become None. Otherwise they
            are an error.

    Raises:
        TypeError: It holds something else, a key that is no text and no whole number, or
            one key twice (as text and as number).
        ValueError: It holds a number that is not finite, and ``nan_as_null`` is False.
    """
    if type(value) in _WORDS:
        return value
    if type(value) is list and _is_plain(value):
        return value
    if isinstance(value, dict):
        result = {_key(key): plain(each, nan_as_null) for key, each in value.items()}
        if len(result) != len(value):
            raise TypeError(f'a key stands in it as text and as number: {short(list(value))}')
        return result
    if isinstance(value, (list, tuple)):
        return [plain(each, nan_as_null) for each in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist(), nan_as_null)
    if isinstance(value, np.generic):
        return plain(value.item(), nan_as_null)
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        if not nan_as_null:
            raise ValueError(f'{value} is not JSON')
        return None
    if value is None or isinstance(value, (str, bool, int)):
        return value
    raise TypeError(f'{type(value).__name__} is not JSON')


def _is_plain(values: list) -> bool:
    """Whether a list is of words or of finite numbers only: most of what files hold."""
    kinds = set(map(type, values))
    if kinds <= _WORDS:
        return True
    try:
        return kinds <= _NUMBERS and all(map(math.isfinite, values))
    except OverflowError:  # a whole number beyond all floats
        return False


def _key(key: Any) -> str:
    if type(key) is str:
        return key
    if isinstance(key, np.integer):
        key = int(key)
    if isinstance(key, bool) or not isinstance(key, (str, int)):
        raise TypeError(f'{short(key)} is no key of a JSON object')
    return str(key)


def to_json(
    value: Any, indent: Optional[int] = None, sort_keys: bool = False, nan_as_null: bool = True
) -> str:
    """A value as strict JSON text, see :func:`plain`.

    Raises:
        TypeError: It holds something that is not JSON, or is nested too deeply.
        ValueError: It holds a number that JSON has no word for.
    """
    try:
        value = plain(value, nan_as_null)
        return json.dumps(value, indent=indent, sort_keys=sort_keys, allow_nan=False)
    except RecursionError:
        raise TypeError('nested too deeply for JSON') from None


def json_pieces(content: Dict[str, Any]) -> Iterator[bytes]:
    """The bytes of :func:`to_json` of an object, in pieces: of long lists a part at a time.

    Args:
        content (dict): Its values are as for :func:`to_json`; an iterator becomes a list. Of
            objects in lists all keys are texts.

    Raises:
        TypeError: See :func:`to_json`.
    """
    yield b'{'
    for place, (name, value) in enumerate(content.items()):
        yield f'{", " if place else ""}{to_json(name)}: '.encode()
        if isinstance(value, (list, Iterator)):
            yield from _list_pieces(iter(value))
        else:
            yield to_json(value).encode()
    yield b'}'


def _list_pieces(values: Iterator[Any]) -> Iterator[bytes]:
    yield b'['
    part, more = list(itertools.islice(values, _ENTRIES)), ''
    while part:
        try:
            text = json.dumps(part, allow_nan=False)
        except (TypeError, ValueError, RecursionError):  # not plain
            text = to_json(part)
        yield f'{more}{text[1:-1]}'.encode()
        part, more = list(itertools.islice(values, _ENTRIES)), ', '
    yield b']'


@contextmanager
def without_collector() -> Iterator[None]:
    """Inside, Python does not search for cycles: millions of new objects of a file have none.

    The search goes over all objects again and again while they become more. Afterwards they are
    old at once: searches that are about new objects leave them out.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            # Counting what is frozen takes as long as there is much of it: not for small files.
            if gc.get_count()[0] > _MANY_OBJECTS and not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()  # into the oldest generation
            gc.enable()


def parse_json(
    raw: Union[bytes, str], path: str, remedy: str = '', unique_keys: bool = False
) -> Any:
    """Read JSON text.

    Args:
        raw (bytes | str): The text; bytes in UTF-8, 16 or 32, with a byte order mark or not.
        path (str): What the message names.
        remedy (str): What to do; by default to copy or write the file again.
        unique_keys (bool): Whether an object may not hold a key twice; else the last counts.

    Raises:
        FileError: It is not JSON, compressed, nested too deeply, holds a number without end,
            or a key twice.
    """

    def pairs(items: list) -> dict:
        result = dict(items)
        if len(result) < len(items):
            names = [name for name, _ in items]
            twice = next(name for name in names if names.count(name) > 1)
            problem = f'is there twice in one object: {short(result)}'
            raise FileError.at(path, 'object', twice, problem, 'keep one of them')
        return result

    if isinstance(raw, str):
        raw = raw[raw.startswith('\ufeff') :]  # the byte order mark
    elif compression(raw):
        raise FileError(f'{path}: is not JSON: {compression(raw)}')
    try:
        with without_collector():
            return json.loads(raw, object_pairs_hook=pairs if unique_keys else None)
    except FileError:
        raise
    except (ValueError, RecursionError) as error:
        why = 'nested too deeply' if isinstance(error, RecursionError) else error
        remedy = remedy or 'The file may be truncated; copy or write it again.'
        raise FileError(f'{path}: is not JSON ({why}). {remedy}') from None


def compression(raw: bytes) -> str:
    """How bytes are compressed, and what to do about it, as a sentence; '' where they are not."""
    for beginning, (name, tool) in _COMPRESSED.items():
        if raw.startswith(beginning):
            return f'it is compressed with {name}. Unpack it ({tool}) and give what is in it.'
    return ''


def is_int(value: Any) -> bool:
    """Whether it is a whole number, and no truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Whether it is a finite number, and no truth value."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False


def all_numbers(values: Iterable[Any]) -> bool:
    """Whether all are finite numbers, and no truth values: :func:`is_number` of many at once."""
    values = list(values)
    if not set(map(type, values)) <= _NUMBERS:
        return all(map(is_number, values))
    try:
        return all(map(math.isfinite, values))
    except OverflowError:  # a whole number beyond all floats
        return False


def are_numbers(values: Any, length: int) -> bool:
    """Whether it is a list of so many finite numbers."""
    return isinstance(values, (list, tuple)) and len(values) == length and all_numbers(values)


def short(value: Any, length: int = 60) -> str:
    """A value for a message, cut where it is longer than ``length`` characters."""
    try:
        text = repr(value)
    except ValueError:  # a whole number of thousands of digits
        return 'a number without end'
    except RecursionError:
        return f'a {type(value).__name__} nested too deeply'
    return text if len(text) <= length else text[: length - 3] + '...'


# ---- reading ---------------------------------------------------------------------


def read_bytes(path: str, limit: Optional[int] = None) -> bytes:
    """Read a file, no more than it may be large.

    Args:
        path (str): A local file, or a URI (``s3://...``) that MMEngine's file backends read.
        limit (int, optional): Largest size in bytes.

    Raises:
        FileNotFoundError: There is none; it names the path.
        FileError: It is larger than the limit.
    """
    if '://' in path:
        from mmengine.fileio import get  # imports torch

        content = get(path)
    else:
        content = _read_local(path, limit)
    if limit is not None and len(content) > limit:
        raise FileError(_too_large(path, limit))
    return content


def _read_local(path: str, limit: Optional[int]) -> bytes:
    """What a file holds. On NFS one that is replaced meanwhile is gone: then the new one."""
    try:
        return _read_once(path, limit)
    except OSError as error:
        if error.errno != errno.ESTALE:
            raise
        return _read_once(path, limit)


def _read_once(path: str, limit: Optional[int]) -> bytes:
    try:
        with open(path, 'rb') as file:
            about = os.fstat(file.fileno())
            if limit is None:
                return file.read()
            if stat.S_ISREG(about.st_mode):
                if about.st_size > limit:
                    raise FileError(_too_large(path, limit))
                return file.read()
            return file.read(limit + 1)
    except IsADirectoryError:
        raise FileNotFoundError(f'{path}: is a folder, not a file') from None
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f'{path}: no such file') from None


def _too_large(path: str, limit: int) -> str:
    return f'{path}: is larger than {limit / 2**20:.4g} MiB, which is the limit'


def visible_names(folder: str, endings: Sequence[str] = ('',)) -> List[str]:
    """Sorted names in a folder, of given endings in any case.

    Names that begin with a dot are left out. On other file systems macOS leaves a
    ``._x.jpg`` beside each ``x.jpg``, which is no image.
    """
    return sorted(
        name
        for name in os.listdir(folder)
        if not name.startswith('.') and name.lower().endswith(tuple(endings))
    )


def read_rows(path: str) -> List[List[str]]:
    """The cells of a CSV file: UTF-8 or UTF-16, with the line ends of any system.

    Raises:
        FileError: It is no table with commas.
    """
    raw = read_bytes(path)
    text = raw.decode('utf-16' if raw[:2] in _UTF16 else 'utf-8-sig', 'replace')
    try:
        rows = list(csv.reader(io.StringIO(text, newline=None)))
    except csv.Error as error:
        raise FileError(f'{path}: is no table of cells ({error}). Save it as CSV') from None
    first = next((row for row in rows if row), [''])
    between = next((mark for mark in (';', '\t') if mark in first[0]), None)
    if len(first) == 1 and between is not None:
        raise FileError(
            f'{path}: its cells stand between {between!r}. Save it with commas between them, and '
            'with points in numbers'
        )
    return rows


def read_json(path: str, limit: int = JSON_LIMIT, remedy: str = '') -> Any:
    """Read a JSON file.

    Raises:
        FileNotFoundError: There is none.
        FileError: It is too large or not JSON; it names the file and a remedy.
    """
    return parse_json(read_bytes(path, limit), path, remedy)


def text_and_sha256(raw: bytes) -> Tuple[str, str]:
    """The text of the bytes of a JSON file, and their SHA-256: the bytes may be given up.

    Raises:
        UnicodeDecodeError: They are no text.
    """
    return raw.decode(json.detect_encoding(raw), 'surrogatepass'), sha256(raw)


def read_arrays(
    path: str, names: Optional[Sequence[str]] = None, limit: int = ARRAYS_LIMIT
) -> Dict[str, np.ndarray]:
    """Read an ``npz`` file without ever reading a pickle.

    Large arrays that are not compressed are mapped: they are read where they are used, from
    the file as it was, and cannot be written to. Their checksum is compared before.

    Args:
        path (str): A local file.
        names (Sequence[str], optional): Of the arrays that are read; all by default.
        limit (int): Largest size of these arrays in bytes, as the file says it.

    Raises:
        FileNotFoundError: There is none.
        FileError: It is damaged, no such file, too large, lacks an array, or holds Python
            objects.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _arrays_of(archive, path, names, limit)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise FileNotFoundError(f'{path}: no such file') from None
    except (PermissionError, FileError):
        raise
    except Exception as error:  # neither NumPy nor zipfile say what a damaged file raises
        raise FileError(
            f'{path}: is no npz file that can be read ({error}). It may be damaged; copy or '
            'write it again.'
        ) from None


def _arrays_of(
    archive: zipfile.ZipFile, path: str, names: Optional[Sequence[str]], limit: int
) -> Dict[str, np.ndarray]:
    entries = {entry.filename: entry for entry in archive.infolist()}
    stored = [name[: -len('.npy')] for name in entries if name.endswith('.npy')]
    if names is None:
        if len(stored) < len(entries):
            strange = next(name for name in entries if not name.endswith('.npy'))
            raise ValueError(f'{short(strange)} is no array')
        names = stored
    for name in names:
        if name not in stored:
            problem = f'is missing, the file has {short(sorted(stored), 200)}'
            raise FileError.at(path, 'file', name, problem, 'give a file that has it')
    chosen = [entries[f'{name}.npy'] for name in names]
    if sum(entry.file_size for entry in chosen) > limit:
        raise FileError(_too_large(path, limit))
    arrays = {}
    for name, entry in zip(names, chosen):
        if entry.compress_type == zipfile.ZIP_STORED and entry.file_size >= _MAPPED:
            arrays[name] = _mapped(archive, path, entry)
            continue
        with archive.open(entry) as file:
            arrays[name] = np.lib.format.read_array(file, allow_pickle=False)
    return arrays


def _mapped(archive: zipfile.ZipFile, path: str, entry: zipfile.ZipInfo) -> np.ndarray:
    """An entry that is not compressed, in place."""
    with archive.open(entry) as file:
        if np.lib.format.read_magic(file) == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        else:
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
        length = file.tell()
        while file.read(2**20):  # at its end zipfile compares the checksum
            pass
    if dtype.hasobject:
        raise ValueError(f'{entry.filename} holds Python objects')
    with open(path, 'rb') as raw:
        raw.seek(entry.header_offset + _NAME_LENGTH)
        name, extra = struct.unpack('<HH', raw.read(4))
    start = entry.header_offset + _LOCAL_HEADER + name + extra + length
    order: Any = 'F' if fortran else 'C'
    return np.memmap(path, dtype, 'r', start, shape, order)


def give_back(array: np.ndarray) -> None:
    """Take a mapped array of :func:`read_arrays` out of memory; it is read again where used."""
    owner: Any = array
    while owner is not None and not isinstance(owner, mmap.mmap):
        owner = getattr(owner, 'base', None)
    if owner is not None and hasattr(mmap, 'MADV_DONTNEED'):
        owner.madvise(mmap.MADV_DONTNEED)


# ---- locks, digests, the machine -------------------------------------------------


@contextmanager
def locked(path: str, wait: bool = True, held: Optional[Exception] = None) -> Iterator[None]:
    """Hold the lock of a file, which is made where it is missing, and never removed.

    Where files cannot be locked (no ``fcntl``, some network file systems) it does nothing.
    A process that holds it waits for itself if it asks again.

    Args:
        path (str): The lock's file, ``.lock`` in a folder say.
        wait (bool): Whether to wait for who holds it.
        held (Exception, optional): What to raise where somebody holds it and ``wait`` is
            False. What is raised inside the block is never taken for that.

    Raises:
        BlockingIOError: Somebody holds it, ``wait`` is False and there is no ``held``.
        OSError: Nothing can be written there; it says what to do.
    """
    with _lock_file(path) as file:
        try:
            locks = _lock(file, wait)
        except BlockingIOError as error:
            raise held or error from None
        try:
            yield
        finally:
            if locks:
                _unlock(file)


def _lock_file(path: str) -> IO:
    try:
        make_folder(osp.dirname(osp.abspath(path)))
        return open(path, 'a')
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise
        text = f'{error.strerror}; work in this folder needs a copy of it that can be written'
        raise OSError(error.errno, text, path) from error


def _lock(file: IO, wait: bool) -> bool:
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        raise BlockingIOError(f'{file.name}: another process holds the lock') from None
    except (ImportError, OSError):  # a system or a file system without locks
        return False
    return True


def _unlock(file: IO) -> None:
    import fcntl

    fcntl.flock(file, fcntl.LOCK_UN)


def sha256(source: Union[str, bytes]) -> str:
    """SHA-256 of bytes, or of the file of a path, in hexadecimal digits."""
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    hasher = hashlib.sha256()
    with open(source, 'rb') as file:
        for chunk in iter(lambda: file.read(_CHUNK), b''):
            hasher.update(chunk)
    return hasher.hexdigest()


def checksum_fault(path: str) -> str:
    """What is wrong with a file by the checksum beside it; '' for nothing, or without one."""
    noted = _noted(path)
    return '' if noted in (None, sha256(path)) else _other_bytes(path)


def file_fault(path: str) -> str:
    """What is wrong with a file that has to be there, by its checksum; '' for nothing."""
    return checksum_fault(path) if osp.isfile(path) else 'is not there'


def check_checksum(path: str) -> None:
    """Raise a FileError where a file is not what the checksum beside it says."""
    if checksum_fault(path):
        raise FileError(_refusal(path))


def read_checked(path: str, limit: Optional[int] = None) -> bytes:
    """Read a file as :func:`read_bytes` does, and hold it to the checksum beside it.

    One without a checksum, of other programs or of an older version, is taken as it is.

    Raises:
        FileNotFoundError: There is none.
        FileError: Its bytes are not those that were written, or it is larger than the limit.
    """
    noted = _noted(path)
    while True:
        raw = read_bytes(path, limit)
        if noted in (None, sha256(raw)):
            return raw
        before, noted = noted, _noted(path)  # somebody may have written it anew meanwhile
        if noted == before:
            raise FileError(_refusal(path))


def _noted(path: str) -> Optional[str]:
    """What the checksum beside a file says; None without one."""
    try:
        with open(path + CHECKSUM, 'rb') as file:
            return file.read(64).decode(errors='replace')
    except (FileNotFoundError, NotADirectoryError):  # nor has a URI one
        return None


def _other_bytes(path: str) -> str:
    return f'its bytes are not those that were written (by {osp.basename(path)}{CHECKSUM})'


def _refusal(path: str) -> str:
    remedy = f'if you changed it on purpose, remove {osp.basename(path)}{CHECKSUM}'
    return f'{path}: {_other_bytes(path)}. Put the file back; {remedy}'


def is_written(path: str, pieces: Iterable[bytes]) -> bool:
    """Whether a file holds these bytes, and a checksum that says so is beside it."""
    if not osp.exists(path) or not osp.exists(path + CHECKSUM) or checksum_fault(path):
        return False
    hasher = hashlib.sha256()
    for piece in pieces:
        hasher.update(piece)
    return sha256(path) == hasher.hexdigest()


def digest(value: Any, length: int = 16) -> str:
    """So many hexadecimal digits that stand for a JSON value, whatever its keys' order."""
    return sha256(to_json(value, sort_keys=True).encode())[:length]


def machine(gpu: Optional[bool] = None) -> str:
    """Kind of the machine, for result files, without its name.

    Args:
        gpu (bool, optional): Whether its GPU is meant or its processor; by default the GPU
            where PyTorch sees one.
    """
    with suppress(ImportError):
        import torch

        if gpu or (gpu is None and torch.cuda.is_available()):
            return torch.cuda.get_device_name()
    with suppress(OSError), open('/proc/cpuinfo') as file:
        for line in file:
            if line.startswith('model name'):
                return f'{line.split(":", 1)[1].strip()} ({os.cpu_count()} cores)'
    return 'unknown'
