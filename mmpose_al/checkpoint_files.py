"""Checkpoints as files: which are there, which of them are whole, and which is the newest.

Nothing is loaded, and PyTorch is not imported. A checkpoint that was written here has its
checksum beside it (``iter_6.pth.sha256``); others are archives whose entries have checksums
of their own.
"""

import os
import os.path as osp
import re
import zipfile
from typing import List, NamedTuple, Optional, Sequence, Tuple

from .fileio import CHECKSUM, FileError, checksum_fault, read_bytes, short

NOTE = 'last_checkpoint'  # MMEngine's file that names the latest checkpoint
_NUMBERED = re.compile(r'(iter|epoch)_(\d+)\.pth')


class Found(NamedTuple):
    """A checkpoint to go on from.

    Attributes:
        path (str, optional): The newest one that is whole; None where there is none.
        told (list[str]): What was passed over or is strange, and why.
    """

    path: Optional[str]
    told: List[str]


def damage(path: str) -> str:
    """What is wrong with a checkpoint's file; '' where it is whole.

    A file of the format before PyTorch 1.6 has no checksum inside: without one beside it,
    it counts as whole.
    """
    try:
        if osp.getsize(path) == 0:
            return 'is empty'
        if osp.exists(path + CHECKSUM):
            return checksum_fault(path)
        with open(path, 'rb') as file:
            head = file.read(2)
        if head == b'PK':
            return archive_damage(path)
        return '' if head[:1] == b'\x80' else 'is no checkpoint, or its beginning is damaged'
    except FileNotFoundError:
        return 'is not there'
    except OSError as error:
        return f'cannot be read ({error.strerror})'


def archive_damage(path: str) -> str:
    """What is wrong with a zip archive, each entry held to its checksum; '' for nothing.

    Raises:
        OSError: It cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
    except OSError:
        raise
    except Exception:  # zipfile does not say what a damaged file raises
        return 'is cut off or damaged'
    return '' if broken is None else f'is damaged (at {short(broken)})'


def numbered(folder: str) -> List[str]:
    """The checkpoints of a folder by steps or epochs, the latest first."""
    names = os.listdir(folder) if osp.isdir(folder) else []
    found = [name for name in names if _NUMBERED.fullmatch(name)]
    return [osp.join(folder, name) for name in sorted(found, key=_number, reverse=True)]


def _number(path: str) -> Tuple[int, str]:
    """Steps or epochs, and which of the two; (-1, '') for other names."""
    found = _NUMBERED.fullmatch(osp.basename(path))
    return (int(found.group(2)), found.group(1)) if found else (-1, '')


def note_of(folder: str) -> Optional[str]:
    """What ``last_checkpoint`` of a folder says; None where it is not there."""
    try:
        return read_bytes(osp.join(folder, NOTE), limit=2**16).decode(errors='replace').strip()
    except FileNotFoundError:
        return None
    except (FileError, OSError):
        return ''


def noted(folder: str) -> Optional[str]:
    """The checkpoint that ``last_checkpoint`` names; in a copied or moved folder, its own.

    None where there is no such file.
    """
    text = note_of(folder)
    if not text:
        return None
    own = osp.join(folder, osp.basename(text))
    return next((path for path in (own, text) if osp.isfile(path)), None)


def has_begun(folder: str) -> bool:
    """Whether a training has left a checkpoint in a folder, or the note of one."""
    return note_of(folder) is not None or bool(numbered(folder))


def newest_whole(folder: str, *others: str) -> Found:
    """The checkpoint that a training in a folder goes on from.

    That is the one that ``last_checkpoint`` names, in this folder. Where it is damaged or
    gone, or there is no such note, it is the latest one before it that is whole.

    Args:
        folder (str): The work directory.
        *others (str): Other folders in which the training keeps checkpoints.
    """
    folders, note, told = (folder, *others), osp.join(folder, NOTE), []
    text = note_of(folder)
    paths = [path for each in folders for path in numbered(each)]
    first = None
    if text:
        own = [osp.join(each, osp.basename(text)) for each in folders]
        first = next((path for path in own if osp.isfile(path)), None)
        if first is None:
            told.append(f'{note} names {short(text, 200)}, which is not there')
        elif osp.abspath(first) != osp.abspath(text):
            told.append(f'{note} names {short(text, 200)}; {first} is taken')
    elif text is not None:
        told.append(f'{note} is empty or cannot be read')
    elif paths:
        told.append(f'{note} is not there')
    for path in _in_order(paths, first, text):
        fault = damage(path)
        if not fault:
            return Found(path, told)
        told.append(f'{path} {fault}')
    return Found(None, told)


def _in_order(paths: Sequence[str], first: Optional[str], text: Optional[str]) -> List[str]:
    """What is tried: the noted one, those before it from the latest on, then others."""
    limit, kind = _number(text or '')

    def key(path: str) -> tuple:
        number, own = _number(path)
        return (kind in ('', own), limit < 0 or number <= limit, number, own)

    rest = sorted((path for path in paths if path != first), key=key, reverse=True)
    return rest if first is None else [first, *rest]
