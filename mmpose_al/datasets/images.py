"""Whether an image file is whole, told from its end marker before it is decoded."""

import os
from typing import Optional


class ImageError(OSError):
    """An image file is missing, empty or truncated."""


def check_sample_image(results: dict) -> dict:
    """A transform: :func:`check_image` on ``img_path``."""
    if results.get('img') is None and results.get('img_path'):
        check_image(results['img_path'])
    return results


def check_image(path: str) -> None:
    """Raise :class:`ImageError` if an image file is missing or truncated.

    Reads the first bytes and the last kilobyte: a JPEG must have an
    end-of-image marker after its first scan begins, a PNG its IEND chunk.
    Bytes after them do no harm. Other formats must only not be empty. Paths
    of remote backends (``s3://...``) are not checked.
    """
    if '://' in path:
        return
    try:
        file = open(path, 'rb')
    except OSError as error:
        raise ImageError(f'cannot open {path}: {error.strerror}') from None
    with file:
        head = file.read(8)
        if not head:
            raise ImageError(f'{path} is empty')
        if head[:2] == b'\xff\xd8':
            complete = _ends_with(file, _jpeg_scan(file), b'\xff\xd9')
        elif head == b'\x89PNG\r\n\x1a\n':
            complete = _ends_with(file, 8, b'IEND\xaeB`\x82')
        else:
            complete = True
    if not complete:
        raise ImageError(f'{path} is truncated: no end marker')


def _jpeg_scan(file) -> Optional[int]:
    """Where the first scan's segment begins; None if the file ends before.

    An embedded thumbnail has an end marker of its own, before that place.
    """
    file.seek(2)
    while True:
        marker = file.read(2)
        while marker == b'\xff\xff':  # fill bytes
            marker = b'\xff' + file.read(1)
        if len(marker) < 2 or marker[0] != 0xFF:
            return None
        if marker[1] == 0xDA:
            return file.tell()
        if marker[1] in (0x01, 0xD8) or 0xD0 <= marker[1] <= 0xD7:
            continue
        length = int.from_bytes(file.read(2), 'big')
        if length < 2:
            return None
        file.seek(length - 2, os.SEEK_CUR)


def _ends_with(file, start: Optional[int], marker: bytes) -> bool:
    """Whether the marker stands behind ``start``; looks at the end first."""
    if start is None:
        return False
    size = file.seek(0, os.SEEK_END)
    tail = max(start, size - 1024)
    file.seek(tail)
    if marker in file.read():
        return True
    file.seek(min(start, size))
    return marker in file.read()
