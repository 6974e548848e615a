"""Whether an image is whole, and the one that its data set's file describes.

**One rule for EXIF orientation**: an image is read as viewers show it. Sizes, boxes,
keypoints and cameras of a file are those of the image as it is shown.
"""

import os
import re
import sys
import tempfile
from threading import Lock
from typing import Any, NamedTuple, Optional, Set, Tuple, Union

import cv2
import numpy as np
from mmcv.transforms import LoadImageFromFile

from .format import FormatError
from .image_paths import backslash_note, link_note

AS_SHOWN = ('color', 'grayscale')  # what mmcv turns as the tag says
TURNING_BACKENDS = ('cv2', 'pillow', None)
JPEG, PNG = b'\xff\xd8', b'\x89PNG\r\n\x1a\n'
DARK = 2**14  # of 16 bits: what lies below has a quarter of the brightness
STRAY_BYTES = 16  # before the end marker of a whole JPEG
_STDERR = Lock()  # held while the standard error of the process is read
REMOVE_TAG = (
    'remove the tag of the images, which leaves their pixels alone '
    '(exiftool -Orientation= -overwrite_original FILES)'
)


class ImageError(OSError):
    """An image file is missing, empty or truncated."""


class WrongImage(ImageError):
    """An image file is whole, but not of a kind that can be read. The message has the remedy."""


class DeclaredImage(NamedTuple):
    """What a data set's file says of an image.

    Attributes:
        size (tuple): Width and height in pixels, as the image is shown.
        file (str): The annotation file.
        exif (str): ``'shown'``: the user says that all annotations are of the images as
            they are shown. ``'check'``: an image whose size cannot tell is refused.
    """

    size: Tuple[int, int]
    file: str
    exif: str = 'check'


class LoadedImageCheck:
    """A transform behind a loader: the decoded image is the declared one.

    Looks at ``declared_image`` (:class:`DeclaredImage`), where a sample has it.

    Args:
        loader (LoadImageFromFile): The loader.
    """

    def __init__(self, loader: LoadImageFromFile):
        color, backend = loader.color_type, loader.imdecode_backend
        self.loader = f'{type(loader).__name__}(color_type={color!r}, imdecode_backend={backend!r})'
        self.turns = color in AS_SHOWN and backend in TURNING_BACKENDS
        self.turns_webp = self.turns and backend == 'pillow'

    def __call__(self, results: dict) -> dict:
        """The sample as it is.

        Raises:
            FormatError: Another size than declared, or an orientation that the loader
                ignores or that nobody has declared.
        """
        declared = results.get('declared_image')
        if declared is not None and results.get('img') is not None:
            path = results.get('img_path')
            height, width = results['img'].shape[:2]
            orientation = results.get('exif_orientation')
            if orientation is None:
                orientation = orientation_of(path)
            turns = self.turns_webp if orientation > 1 and _is_webp(path) else self.turns
            if not turns and orientation > 1:
                raise FormatError(
                    f'{path}: has EXIF orientation {orientation}, which '
                    f'{self.loader} ignores. Images are read as they are shown: set '
                    f"color_type='color' and imdecode_backend='cv2' ('pillow' for "
                    f'WebP), or {REMOVE_TAG}'
                )
            check_declared(path, (width, height), orientation, declared)
        return results


def read_picture(path: str) -> Optional[np.ndarray]:
    """An image (H, W, 3), uint8, BGR, as viewers show it; None where it cannot be decoded.

    OpenCV turns all but WebP as the EXIF tag says; TIFFs that lie on a side it cannot decode.
    """
    picture = cv2.imread(path)
    if picture is None or not _is_webp(path) or _orientation_by_pillow(path) == 1:
        return picture
    from PIL import Image, ImageOps

    with Image.open(path) as image:
        shown = ImageOps.exif_transpose(image).convert('RGB')
    return np.ascontiguousarray(np.asarray(shown)[..., ::-1])


def check_loading(transforms: list) -> None:
    """Put a :class:`LoadedImageCheck` behind every loader of a pipeline."""
    for place in reversed(range(len(transforms))):
        after = transforms[place + 1 : place + 2]
        if isinstance(transforms[place], LoadImageFromFile) and not (
            after and isinstance(after[0], LoadedImageCheck)
        ):
            transforms.insert(place + 1, LoadedImageCheck(transforms[place]))


def check_declared(
    path: str, size: Tuple[int, int], orientation: int, declared: DeclaredImage
) -> None:
    """Raise :class:`FormatError` unless an image is the declared one.

    Args:
        path (str): Of the image.
        size (tuple): Width and height of the image as it is shown.
        orientation (int): EXIF's, 1 without a tag.
        declared (DeclaredImage): What the file says.
    """
    if size != tuple(declared.size):
        is_stored = orientation > 4 and size == tuple(declared.size)[::-1]
        tag = f' (its EXIF orientation {orientation} is applied)' if orientation > 1 else ''
        remedy = (
            f'The file describes the pixels as they are stored; {REMOVE_TAG}, or write '
            'size, boxes and keypoints of the image as it is shown'
            if is_stored
            else 'Give the images that were annotated, or bring size, boxes and keypoints '
            'to those of the image'
        )
        raise FormatError(
            f'{path}: is {size[0]}x{size[1]} as it is read{tag}, {declared.file} declares '
            f'{declared.size[0]}x{declared.size[1]}. {remedy}'
        )
    if orientation > 1 and declared.exif != 'shown' and (orientation < 5 or size[0] == size[1]):
        raise FormatError(
            f'{path}: has EXIF orientation {orientation}, which keeps the size '
            f'{size[0]}x{size[1]}, so it is not known whether {declared.file} describes the '
            "image as it is shown or as it is stored. If as shown, set exif='shown' of the "
            f'data set; if as stored, {REMOVE_TAG}'
        )


def check_image_file(path: str, declared: DeclaredImage) -> None:
    """:func:`check_declared` of a file's header, without decoding. Remote files pass."""
    from PIL import Image, UnidentifiedImageError

    if '://' in path:
        return
    try:
        with Image.open(path) as image:
            size = image.size
    except UnidentifiedImageError:
        raise ImageError(f'{path} is no image. Give image files') from None
    orientation = orientation_of(path)
    check_declared(path, size[::-1] if orientation > 4 else size, orientation, declared)


def orientation_of(path: Optional[str]) -> int:
    """EXIF orientation of an image file: 1 to 8, and 1 without one."""
    if not path or '://' in path:
        return 1
    with open(path, 'rb') as file:
        head = file.read(12)
        if head[:2] == JPEG:
            exif = _jpeg_header(file)[1]
        elif head[:8] == PNG:
            exif = _png_exif(file)
        else:
            return _orientation_by_pillow(path)
    return 1 if exif is None else _orientation_in(exif)


class ImageFileCheck:
    """A transform in front of a loader: the image file is whole.

    Notes its EXIF orientation (``exif_orientation``), for which the file was opened.

    Args:
        decode (bool): Whether each file is decoded once, see :func:`check_decoding`.
    """

    def __init__(self, decode: bool = False):
        self.decode = decode
        self._decoded: Set[str] = set()

    def __call__(self, results: dict) -> dict:
        """The sample.

        Raises:
            ImageError: The file is missing, empty, truncated or damaged.
        """
        path = results.get('img_path')
        if results.get('img') is None and path:
            results['exif_orientation'] = check_image(path)
            if self.decode and path not in self._decoded:
                check_decoding(path)
                self._decoded.add(path)
        return results


def check_option(check_images: Union[bool, str], name: str) -> None:
    """Raise ValueError unless it is one of what ``check_images`` may be."""
    if check_images not in (True, False, 'decode'):
        raise ValueError(
            f"{name}: check_images is {check_images!r}; it must be True, False or 'decode'"
        )


def check_image(path: str) -> int:
    """Raise :class:`ImageError` if an image file is missing or truncated.

    Reads the first bytes and the last kilobyte: a JPEG must have an
    end-of-image marker after its first scan begins, a PNG its IEND chunk.
    Bytes after them do no harm. Other formats must only not be empty. Paths
    of remote backends (``s3://...``) are not checked.

    Returns:
        int: EXIF orientation, 1 without one.
    """
    if '://' in path:
        return 1
    try:
        file = open(path, 'rb')
    except OSError as error:
        note = backslash_note(path) or link_note(path)
        raise ImageError(f'cannot open {path}: {error.strerror}{note}') from None
    with file:
        head, exif = file.read(8), None
        if not head:
            raise ImageError(f'{path} is empty')
        if head[:2] == JPEG:
            scan, exif = _jpeg_header(file)
            complete = _ends_with(file, scan, b'\xff\xd9')
        elif head == PNG:
            exif = _png_exif(file)
            complete = _ends_with(file, 8, b'IEND\xaeB`\x82')
        else:
            complete = True
    if not complete:
        raise ImageError(f'{path} is truncated: no end marker')
    if head[:2] != JPEG and head != PNG:
        return _orientation_by_pillow(path)
    return 1 if exif is None else _orientation_in(exif)


def check_decoding(path: str) -> None:
    """Raise :class:`ImageError` if a decoder complains about an image file.

    Decoders fill what is missing of a damaged JPEG with grey and only warn. A few stray
    bytes before the end marker, as some cameras write them, are no damage. Damage that
    is valid code by chance is not found. Remote paths are not checked.
    """
    from PIL import Image

    if '://' in path:
        return
    try:
        with Image.open(path) as image:
            kind = image.format
            image.load()
    except (OSError, SyntaxError, ValueError) as error:  # whatever a decoder raises
        raise ImageError(f'{path} is damaged: {error}') from None
    complaint = _jpeg_complaint(path) if kind in ('JPEG', 'MPO') else None
    if complaint:
        raise ImageError(f'{path} is damaged: {complaint}; put the whole file back')


def _jpeg_complaint(path: str) -> Optional[str]:
    """What libjpeg writes to the standard error of the process about a damaged file."""
    content = np.fromfile(path, np.uint8)
    with _STDERR, tempfile.TemporaryFile() as log:
        sys.stderr.flush()
        kept = os.dup(2)
        try:
            os.dup2(log.fileno(), 2)
            image = cv2.imdecode(content, cv2.IMREAD_COLOR)
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        log.seek(0)
        lines = log.read().decode(errors='replace').splitlines()
    if image is None:
        return 'it cannot be decoded'
    for line in lines:
        stray = re.search(r'(\d+) extraneous bytes before marker 0xd9', line)
        if 'JPEG' in line and not (stray and int(stray.group(1)) <= STRAY_BYTES):
            return line.strip()
    return None


def _jpeg_header(file) -> Tuple[Optional[int], Optional[bytes]]:
    """Where an open JPEG's first scan begins (None if the file ends before), and its EXIF.

    An embedded thumbnail has an end marker of its own, before that place.
    """
    file.seek(2)
    exif = None
    while True:
        marker = file.read(2)
        while marker == b'\xff\xff':  # fill bytes
            marker = b'\xff' + file.read(1)
        if len(marker) < 2 or marker[0] != 0xFF:
            return None, exif
        if marker[1] == 0xDA:
            return file.tell(), exif
        if marker[1] in (0x01, 0xD8) or 0xD0 <= marker[1] <= 0xD7:
            continue
        length = int.from_bytes(file.read(2), 'big')
        if length < 2:
            return None, exif
        if marker[1] == 0xE1 and exif is None:
            block = file.read(length - 2)
            if block.startswith(b'Exif\0\0'):
                exif = block[6:]
        else:
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


# ---- EXIF ------------------------------------------------------------------------


def _is_webp(path: str) -> bool:
    """Whether it is a WebP file, whose EXIF OpenCV ignores and viewers do not."""
    with open(path, 'rb') as file:
        head = file.read(12)
    return head[:4] == b'RIFF' and head[8:] == b'WEBP'


def _png_exif(file) -> Optional[bytes]:
    """The EXIF chunk of an open PNG, if it stands before the pixels."""
    file.seek(8)
    while True:
        head = file.read(8)
        if len(head) < 8 or head[4:] in (b'IDAT', b'IEND'):
            return None
        length = int.from_bytes(head[:4], 'big')
        if head[4:] == b'eXIf':
            return file.read(length)
        file.seek(length + 4, os.SEEK_CUR)


def _orientation_in(exif: bytes) -> int:
    """Tag 274 of the first directory of a TIFF block; 1 where there is none."""
    order = {b'II': 'little', b'MM': 'big'}.get(exif[:2])
    if order is None:
        return 1
    start = int.from_bytes(exif[4:8], order)
    for index in range(int.from_bytes(exif[start : start + 2], order)):
        entry = exif[start + 2 + 12 * index :][:12]
        if int.from_bytes(entry[:2], order) == 274 and len(entry) == 12:
            value = int.from_bytes(entry[8:10], order)
            return value if 1 <= value <= 8 else 1
    return 1


def _orientation_by_pillow(path: str) -> int:
    from PIL import Image

    with open(path, 'rb') as file:
        if file.read(2) == b'BM':  # BMP has none
            return 1
    try:
        with Image.open(path) as image:
            value = image.getexif().get(274, 1)
            several = _is_stack(image)
    except OSError:
        return 1
    if several:
        raise WrongImage(
            f'{path} is a stack of several images, of which the first alone would be read. Write '
            'each into a file of its own, or the stack as a video'
        )
    return value if value in range(1, 9) else 1


def _is_stack(image: Any) -> bool:
    """Whether an image of Pillow is followed by one of the same size, which is no thumbnail."""
    size = image.size
    try:
        image.seek(1)
    except (EOFError, ValueError):
        return False
    return image.size == size


def unused_bits(path: str) -> str:
    """What is wrong with an image of 16 bits that uses few of them; '' with others.

    Images are read with 8 bits, the upper ones: what a camera of 12 bits writes becomes nearly
    black.
    """
    pixels = cv2.imread(path, cv2.IMREAD_UNCHANGED) if _has_16_bits(path) else None
    if pixels is None or pixels.dtype != np.uint16 or pixels.max() >= DARK:
        return ''
    return (
        f'{path} has 16 bits and no pixel above {pixels.max()}. Images are read with the upper 8 '
        f'bits, so it is nearly black, at most {pixels.max() // 256} of 255. Write the images with '
        '8 bits'
    )


def _has_16_bits(path: str) -> bool:
    from PIL import Image

    try:
        with open(path, 'rb') as file:
            head = file.read(25)
        if head[:8] == PNG:
            return head[24:] == b'\x10'
        if head[:2] not in (b'II', b'MM'):
            return False
        with Image.open(path) as image:
            return 16 in image.tag_v2.get(258, ())  # BitsPerSample
    except (OSError, AttributeError, TypeError):
        return False
