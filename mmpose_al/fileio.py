"""Files: atomic writes, JSON rules, reading with limits, locks, digests. The only place.

A file is written beside its target under a temporary name, synced to the disk, and renamed;
then the folder is synced too, so that after a power loss the file is the old one or the new
one, never half of it, and never neither. What a killed process leaves carries its number in
its name, and :func:`remove_leftovers` takes it away.

Nothing here knows what the files are about, and nothing but NumPy is imported, so that a
command that only looks answers at once.
"""

import errno
import hashlib
import json
import math
import os
import os.path as osp
import re
import stat
import zipfile
import zlib
from contextlib import contextmanager, suppress
from typing import IO, Any, Dict, Iterator, List, Optional, Union

import numpy as np

JSON_LIMIT = 4 * 2**30  # bytes of a JSON file that is read into memory
_TEMPORARY = re.compile(r'\.(\d+)\.tmp$')
_CHUNK = 2**20

__all__ = [
    'FileError',
    'append_line',
    'are_numbers',
    'atomic',
    'digest',
    'is_int',
    'is_number',
    'locked',
    'machine',
    'message',
    'parse_json',
    'plain',
    'read_arrays',
    'read_bytes',
    'read_json',
    'remove_leftovers',
    'sha256',
    'short',
    'sync_folder',
    'to_json',
    'write_arrays',
    'write_bytes',
    'write_json',
    'write_text',
]


class FileError(ValueError):
    """A file cannot be read as what it should be. The message names it and a remedy."""


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
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES):
            raise
    finally:
        os.close(handle)


@contextmanager
def atomic(path: str, mode: str = 'w') -> Iterator[IO]:
    """A file that takes its name only when it is whole and on the disk.

    Folders above it are made. On any exception the target stays as it was and the
    temporary file is removed.

    Args:
        path (str): The target.
        mode (str): ``'w'`` for text in UTF-8 with ``\\n`` line ends, ``'wb'`` for bytes.

    Yields:
        file: To be written to.

    Raises:
        OSError: The disk is full or the folder cannot be written; it names the target.
    """
    if mode not in ('w', 'wb'):
        raise ValueError(f"mode is 'w' or 'wb'; got {mode!r}")
    folder = osp.dirname(osp.abspath(path))
    os.makedirs(folder, exist_ok=True)
    temporary = f'{path}.{os.getpid()}.tmp'
    text = {} if 'b' in mode else dict(encoding='utf-8', newline='\n')
    try:
        with open(temporary, mode, **text) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if osp.exists(path):  # the new file may be read by whom the old one could be
            with suppress(OSError):
                os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.remove(temporary)
        raise
    sync_folder(folder)


def write_bytes(path: str, content: bytes) -> None:
    """Write bytes, see :func:`atomic`."""
    with atomic(path, 'wb') as file:
        file.write(content)


def write_text(path: str, content: str) -> None:
    """Write text in UTF-8, see :func:`atomic`."""
    with atomic(path) as file:
        file.write(content)


def write_json(path: str, content: Any, indent: Optional[int] = 1, sort_keys: bool = False) -> None:
    """Write a value as strict JSON, see :func:`atomic` and :func:`plain`.

    Numbers that JSON has no word for (NaN, infinities) become ``null``.

    Raises:
        TypeError: The value holds something that is not JSON; nothing is written.
    """
    with atomic(path) as file:
        json.dump(plain(content), file, indent=indent, sort_keys=sort_keys, allow_nan=False)
        file.write('\n')


def write_arrays(path: str, **arrays: np.ndarray) -> None:
    """Write arrays as a compressed ``npz`` without pickles, see :func:`atomic`.

    Raises:
        ValueError: An array holds Python objects.
    """
    for name, array in arrays.items():
        if np.asarray(array).dtype.hasobject:
            raise ValueError(f'{path}: {name} holds Python objects, which only a pickle keeps')
    with atomic(path, 'wb') as file:
        np.savez_compressed(file, **arrays)


def append_line(path: str, line: str) -> None:
    """Append one line to a file and sync it; the folder too, where the file is new."""
    if '\n' in line:
        raise ValueError('a line has no line ends in it')
    new = not osp.exists(path)
    with open(path, 'a', encoding='utf-8', newline='\n') as file:
        file.write(line + '\n')
        file.flush()
        os.fsync(file.fileno())
    if new:
        sync_folder(osp.dirname(osp.abspath(path)))


def remove_leftovers(folder: str) -> List[str]:
    """Remove temporary files of processes of this machine that are no more.

    Args:
        folder (str): Looked at without the folders in it.

    Returns:
        list[str]: The names of what was removed.
    """
    removed = []
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return removed
    for name in names:
        found = _TEMPORARY.search(name)
        if found and not _runs(int(found.group(1))):
            with suppress(OSError):
                os.remove(osp.join(folder, name))
                removed.append(name)
    return removed


def _runs(number: int) -> bool:
    """Whether a process with this number runs on this machine."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's, or no such thing here
        return True
    return True


# ---- JSON ------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """A value as strict JSON can say it.

    Arrays and NumPy's numbers become lists and numbers, tuples become lists, and numbers
    that are not finite become None.

    Raises:
        TypeError: It holds something else, or a key that is no text.
    """
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, (str, int)):
                raise TypeError(f'{short(key)} is no key of a JSON object')
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, bool, int)):
        return value
    raise TypeError(f'{type(value).__name__} is not JSON')


def to_json(value: Any, indent: Optional[int] = None, sort_keys: bool = False) -> str:
    """A value as strict JSON text, see :func:`plain`."""
    return json.dumps(plain(value), indent=indent, sort_keys=sort_keys, allow_nan=False)


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
        FileError: It is not JSON, nested too deeply, holds a number without end, or a key
            twice.
    """

    def pairs(items: list) -> dict:
        result = dict(items)
        if len(result) < len(items):
            names = [name for name, _ in items]
            twice = next(name for name in names if names.count(name) > 1)
            problem = f'is there twice in one object: {short(result)}'
            raise FileError(message(path, 'object', twice, problem, 'keep one of them'))
        return result

    try:
        return json.loads(raw, object_pairs_hook=pairs if unique_keys else None)
    except FileError:
        raise
    except (ValueError, RecursionError) as error:
        why = 'nested too deeply' if isinstance(error, RecursionError) else error
        remedy = remedy or 'The file may be truncated; copy or write it again.'
        raise FileError(f'{path}: is not JSON ({why}). {remedy}') from None


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


def are_numbers(values: Any, length: int) -> bool:
    """Whether it is a list of so many finite numbers."""
    return (
        isinstance(values, (list, tuple)) and len(values) == length and all(map(is_number, values))
    )


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
        path (str): A local file.
        limit (int, optional): Largest size in bytes.

    Raises:
        FileNotFoundError: There is none; it names the path.
        FileError: It is larger than the limit.
    """
    try:
        with open(path, 'rb') as file:
            content = file.read() if limit is None else file.read(limit + 1)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise FileNotFoundError(f'{path}: no such file') from None
    if limit is not None and len(content) > limit:
        raise FileError(f'{path}: is larger than {limit / 2**20:.4g} MiB, which is the limit')
    return content


def read_json(path: str, limit: int = JSON_LIMIT, remedy: str = '') -> Any:
    """Read a JSON file.

    Raises:
        FileNotFoundError: There is none.
        FileError: It is too large or not JSON; it names the file and a remedy.
    """
    return parse_json(read_bytes(path, limit), path, remedy)


def read_arrays(path: str) -> Dict[str, np.ndarray]:
    """Read an ``npz`` file without ever reading a pickle.

    Raises:
        FileNotFoundError: There is none.
        FileError: It is damaged, no such file, or holds Python objects.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise FileNotFoundError(f'{path}: no such file') from None
    except (OSError, ValueError, AttributeError, EOFError, KeyError) as error:
        raise FileError(f'{path}: is no npz file that can be read ({error})') from None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise FileError(f'{path}: is damaged ({error}); copy or write it again') from None


# ---- locks, digests, the machine -------------------------------------------------


@contextmanager
def locked(path: str, wait: bool = True) -> Iterator[None]:
    """Hold the lock of a file, which is made where it is missing, and never removed.

    Where files cannot be locked (no ``fcntl``, some network file systems) it does nothing.

    Args:
        path (str): The lock's file, ``.lock`` in a folder say.
        wait (bool): Whether to wait for who holds it.

    Raises:
        BlockingIOError: Somebody holds it and ``wait`` is False.
    """
    os.makedirs(osp.dirname(osp.abspath(path)), exist_ok=True)
    with open(path, 'a') as file:
        held = _lock(file, wait)
        try:
            yield
        finally:
            if held:
                _unlock(file)


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


def digest(value: Any, length: int = 16) -> str:
    """So many hexadecimal digits that stand for a JSON value, whatever its keys' order."""
    return sha256(to_json(value, sort_keys=True).encode())[:length]


def machine() -> str:
    """Kind of the machine, for result files: its GPU or processor, without its name."""
    with suppress(ImportError):
        import torch

        if torch.cuda.is_available():
            return torch.cuda.get_device_name()
    with suppress(OSError), open('/proc/cpuinfo') as file:
        for line in file:
            if line.startswith('model name'):
                return f'{line.split(":", 1)[1].strip()} ({os.cpu_count()} cores)'
    return 'unknown'
