"""The archive that CVAT calls COCO Keypoints 1.0."""

import json
import os.path as osp
import posixpath
import zipfile
from typing import List, Optional, Tuple
from xml.sax.saxutils import quoteattr

import numpy as np

from ...fileio import atomic, read_bytes, write_json
from ..query import Query
from ..registry import ANNOTATION_FORMATS
from .base import AnnotationFormat, Answer
from .coco import (
    OTHER_IMAGES,
    Coco,
    checked_origin,
    coco_query,
    coco_query_ids,
    is_coco,
    parse_coco,
)
from .document import Document
from .faults import Faults
from .skeleton_layout import layout

FILE, LABELS_FILE = 'cvat_keypoints.zip', 'cvat_labels.json'
ENTRY = 'annotations/person_keypoints_default.json'
_DATE = (1980, 1, 1, 0, 0, 0)  # the same query gives the same bytes
_XML = b'<annotations>'  # of CVAT's own formats, near the beginning


@ANNOTATION_FORMATS.register_module(name='cvat')
class Cvat(AnnotationFormat):
    """CVAT's archive, with one JSON file a subset; or one of these files by itself.

    Args:
        interpolated (bool): Whether persons whom CVAT has put into an image by itself,
            between two key frames of a track, are answers.
        pixel_origin (str, optional): See :class:`~.coco.Coco`; of answers only.

    Raises:
        ValueError: Another origin.
    """

    help = 'COCO Keypoints 1.0 archive of CVAT, and the skeleton for its label editor'
    looks = 'an archive of CVAT ("COCO Keypoints 1.0")'
    options = {name: Coco.options[name] for name in ('interpolated', 'pixel_origin')}
    query_field = ('info', 'mmpose_al.query')
    others = OTHER_IMAGES

    def __init__(self, interpolated: bool = False, pixel_origin: Optional[str] = None):
        self.pixel_origin, self.interpolated = checked_origin(pixel_origin), interpolated

    def write(self, query: Query, folder: str) -> None:
        """Write ``cvat_keypoints.zip`` and ``cvat_labels.json``."""
        data = coco_query(query, 'corner', '', empty=False)
        for category in data['categories']:  # CVAT takes another one for the label above it
            category['supercategory'] = ''
        with atomic(osp.join(folder, FILE), 'wb') as file, zipfile.ZipFile(file, 'w') as archive:
            info = zipfile.ZipInfo(ENTRY, _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, json.dumps(data))
            if query.content['image_files'] != 'none':
                for image in query.images.values():
                    entry = zipfile.ZipInfo(f'images/default/{image["name"]}', _DATE)
                    archive.writestr(entry, read_bytes(query.image_to_give(image)))
        write_json(osp.join(folder, LABELS_FILE), cvat_labels(query))

    def recognise(self, document: Document) -> bool:
        """An archive with ``person_keypoints_*.json``, or the content of one."""
        return bool(_entries(document)) or is_coco(document.json)

    def mistaken(self, document: Document) -> Optional[Tuple[str, str, str, str]]:
        """CVAT's own XML, and archives without annotations."""
        remedy = 'export one task or project as "COCO Keypoints 1.0"'
        names = [name for name in document.names if posixpath.basename(name) == 'annotations.xml']
        if names or _XML in document.raw[:1000]:
            what = 'is XML of "CVAT for images" or "CVAT for video"'
            return 'file' if not names else f'entry {names[0]!r}', 'format', what, remedy
        if document.is_archive:
            what = '0 files person_keypoints_*.json are in it'
            return 'archive', 'annotations', what, remedy
        return None

    def query_ids(self, document: Document) -> List[str]:
        """See :func:`~.coco.coco_query_ids`; of all subsets."""
        return sorted({i for _, data in _parts(document) for i in coco_query_ids(data)})

    def parse(self, document: Document, query: Query, faults: Faults) -> List[Answer]:
        """See :func:`~.coco.parse_coco`; the subsets of an export are read together."""
        parts = _parts(document)
        answers = []
        for name, data in parts:
            place = f'{posixpath.basename(name)}: ' if len(parts) > 1 else ''
            answers += parse_coco(data, query, faults, self.pixel_origin, place, self.interpolated)
        return answers


def _entries(document: Document) -> List[str]:
    """Names of an archive's annotation files."""
    return [
        name
        for name in document.names
        if name.endswith('.json') and posixpath.basename(name).startswith('person_keypoints')
    ]


def _parts(document: Document) -> List[tuple]:
    """Name and content of each annotation file."""
    if not document.is_archive:
        return [('', document.json)]
    return [(name, document.read_json(name)) for name in _entries(document)]


# ---- the label editor ------------------------------------------------------------


def cvat_labels(query: Query) -> List[dict]:
    """The label of the query, as CVAT's raw label editor takes it."""
    text = dict(input_type='text', mutable=False, values=[''], default_value='')
    check = dict(input_type='checkbox', mutable=False, values=['false'], default_value='false')
    return [
        dict(
            name=query.content['category']['name'],
            type='skeleton',
            attributes=[dict(name='annotation_id', **text), dict(name='reviewed', **check)],
            sublabels=[dict(name=name, type='points', attributes=[]) for name in query.joints],
            svg=_skeleton(query),
        )
    ]


def _skeleton(query: Query) -> str:
    """The skeleton's template as SVG."""
    places = _layout(query)
    svg = []
    for first, second in query.content['category']['skeleton']:
        (x1, y1), (x2, y2) = places[first - 1], places[second - 1]
        svg.append(
            f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="black" '
            f'stroke-width="0.5" data-type="edge" data-node-from="{first}" '
            f'data-node-to="{second}"></line>'
        )
    for number, (name, (x, y)) in enumerate(zip(query.joints, places), 1):
        svg.append(
            f'<circle r="1.5" cx="{x}" cy="{y}" stroke="black" fill="#b3b3b3" '
            f'stroke-width="0.1" data-type="element node" '
            f'data-element-id="{number}" data-node-id="{number}" '
            f'data-label-name={quoteattr(name)}></circle>'
        )
    return ''.join(svg)


def _layout(query: Query) -> List[List[float]]:
    """Where the joints of the template are, 0 to 100: the mean prediction, or a plain figure."""
    poses = [
        (np.array(e['prediction'])[:, :2] - e['bbox'][:2]) / e['bbox'][2:]
        for e in query.annotations.values()
        if e['prediction'] is not None and all(p[2] > 0 for p in e['prediction'])
    ]
    edges = [(first - 1, second - 1) for first, second in query.content['category']['skeleton']]
    return layout(query.joints, edges, np.array(poses) if poses else None)
