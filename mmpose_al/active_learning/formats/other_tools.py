"""Files of other tools and kinds, told from their content: what to say of one that nobody reads."""

import re
from typing import Any, Optional, Tuple

from .document import Document

_BEGINNINGS = (
    (b'\x1f\x8b', 'a gzip file', 'unpack it and give what is in it'),
    (b'7z\xbc\xaf', 'a 7z archive', 'give a zip archive, or what is in it'),
    (b'Rar!', 'a RAR archive', 'give a zip archive, or what is in it'),
    (b'\x89HDF', 'an HDF5 file', 'export the labels as COCO keypoints'),
    (b'\x89PNG', 'an image', 'give the file with the annotations'),
    (b'\xff\xd8\xff', 'an image', 'give the file with the annotations'),
    (b'PK', 'a zip archive that is damaged at its beginning', 'export or copy it again'),
)
_NUMBERS = re.compile(r'[-+0-9.eE \t]+')


def describe_other(document: Document) -> Optional[Tuple[str, str]]:
    """What a file is that no format recognises, and what to give instead; None if unknown.

    Args:
        document (Document): The file.
    """
    if document.is_archive:
        return None
    if not document.raw.strip():
        return 'is empty', 'export again'
    for beginning, what, remedy in _BEGINNINGS:
        if document.raw.startswith(beginning):
            return f'is {what}', remedy
    data = document.json
    return _json_kind(data) if data is not None else _text_kind(document.text)


def _json_kind(data: Any) -> Optional[Tuple[str, str]]:
    first = data[0] if isinstance(data, list) and data else data
    keys = set(first) if isinstance(first, dict) else set()
    values = list(first.values())[:1] if isinstance(first, dict) else []
    if keys & {'_via_settings', '_via_img_metadata'} or any(
        isinstance(value, dict) and {'filename', 'regions'} <= set(value) for value in values
    ):
        return (
            'is a file of VIA (VGG Image Annotator), which does not know persons with named joints',
            'fill in coco_keypoints.json of the query by a script, or label in another tool',
        )
    if {'shapes', 'imagePath'} <= keys:
        return (
            'is a file of LabelMe or X-AnyLabeling, of one image',
            'fill in coco_keypoints.json of the query by a script, or label in another tool',
        )
    if {'items', 'categories'} <= keys:
        return 'is in the format of Datumaro', 'export it as COCO keypoints'
    if {'result', 'task'} <= keys:
        return (
            "is of Label Studio's target storage, one annotation a file",
            'export the project as "JSON"',
        )
    if isinstance(data, list) and {'image_id', 'keypoints'} <= keys:
        return (
            'is a list of COCO results, without names of images and joints',
            'put it into the "annotations" of coco_keypoints.json of the query',
        )
    return None


def _text_kind(text: str) -> Optional[Tuple[str, str]]:
    """Of what is no JSON: tables, and the texts of YOLO."""
    line = text.lstrip().split('\n', 1)[0].strip()
    if _NUMBERS.fullmatch(line):
        return (
            'is a text of numbers, as YOLO has one for each image',
            'export COCO keypoints, with names of images and joints',
        )
    if line.startswith('{') and line.endswith('}') and '\n{' in text:
        return 'is JSON lines, one object a line', 'write one list of them, [{...}, {...}]'
    if max(map(line.count, ',;\t')) > 1 and not line.startswith(('{', '[', '<')):
        return 'is a table (CSV)', 'export JSON'
    return None
