"""Queries as the archive that CVAT calls COCO Keypoints 1.0, and such archives back.

An archive is never unpacked: one JSON entry is read from it, within a limit.
"""

import json
import lzma
import os.path as osp
import posixpath
import stat
import struct
import zipfile
import zlib
from typing import List
from xml.sax.saxutils import quoteattr

import numpy as np

from . import checks
from .checks import AnswerError, Faults
from .coco import coco_query
from .query import Query

FILE, LABELS_FILE = 'cvat_keypoints.zip', 'cvat_labels.json'
ENTRY = 'annotations/person_keypoints_default.json'
MAX_ENTRIES = 10**6
_DATE = (1980, 1, 1, 0, 0, 0)  # the same query gives the same bytes


def write_cvat(query: Query, folder: str) -> None:
    """Write ``cvat_keypoints.zip`` and ``cvat_labels.json``."""
    data = coco_query(query, 'corner', '', empty=False)
    with zipfile.ZipFile(osp.join(folder, FILE), 'w') as archive:
        info = zipfile.ZipInfo(ENTRY, _DATE)
        info.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(info, json.dumps(data))
        if query.content['image_files'] != 'none':
            for image in query.images.values():
                with open(query.image_path(image), 'rb') as file:
                    archive.writestr(
                        zipfile.ZipInfo(f'images/default/{image["name"]}', _DATE), file.read()
                    )
    with open(osp.join(folder, LABELS_FILE), 'w', encoding='utf-8') as file:
        json.dump(cvat_labels(query), file, indent=1)
        file.write('\n')


def cvat_labels(query: Query) -> List[dict]:
    """The label of the query, as CVAT's raw label editor takes it."""
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
    return [
        dict(
            name=query.content['category']['name'],
            type='skeleton',
            attributes=[
                dict(
                    name='annotation_id',
                    input_type='text',
                    mutable=False,
                    values=[''],
                    default_value='',
                ),
                dict(
                    name='reviewed',
                    input_type='checkbox',
                    mutable=False,
                    values=['false'],
                    default_value='false',
                ),
            ],
            sublabels=[dict(name=name, type='points', attributes=[]) for name in query.joints],
            svg=''.join(svg),
        )
    ]


def _layout(query: Query) -> List[List[float]]:
    """Where the joints of the template are, 0 to 100: the mean pose, or a circle."""
    poses = [
        (np.array(e['prediction'])[:, :2] - e['bbox'][:2]) / e['bbox'][2:]
        for e in query.annotations.values()
        if e['prediction'] is not None and all(p[2] > 0 for p in e['prediction'])
    ]
    if poses:
        places = np.clip(np.mean(poses, 0) * 90 + 5, 1, 99)
    else:
        angle = np.arange(len(query.joints)) / len(query.joints) * 2 * np.pi
        places = 50 + 45 * np.stack([np.sin(angle), -np.cos(angle)], 1)
    return places.round(2).tolist()


def read_archive(path: str, faults: Faults) -> bytes:
    """The annotations of an archive.

    Raises:
        AnswerError: It is broken, holds something that could do harm if it were
            unpacked, or does not hold exactly one JSON file of keypoints.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            _check_entries(infos, faults)
            found = [
                i
                for i in infos
                if i.filename.endswith('.json')
                and posixpath.basename(i.filename).startswith('person_keypoints')
            ]
            if len(found) != 1:
                faults.fail(
                    'archive',
                    'annotations',
                    f'{len(found)} files person_keypoints_*.json are in it',
                    'export one task or project as "COCO Keypoints 1.0"',
                )
            if found[0].flag_bits & 1:
                faults.fail(
                    f'entry {found[0].filename!r}',
                    'content',
                    'is encrypted',
                    'export it without a password',
                )
            with archive.open(found[0]) as file:
                raw = file.read(checks.MAX_BYTES + 1)
    except AnswerError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        struct.error,
        EOFError,
        NotImplementedError,
        OSError,
        RuntimeError,
        ValueError,
    ) as error:
        faults.fail(
            'archive',
            'content',
            f'cannot be read ({error})',
            'it may be truncated; export or copy it again',
        )
    if len(raw) > checks.MAX_BYTES:
        _too_big(faults, found[0].filename)
    return raw


def _check_entries(infos: List[zipfile.ZipInfo], faults: Faults) -> None:
    names = set()
    for info in infos[:MAX_ENTRIES]:
        name = info.filename
        entry = f'entry {name!r}'
        if checks.leads_out(name) or '\0' in info.orig_filename:
            faults.fail(
                entry,
                'path',
                'leads out of the folder it is unpacked into',
                'this is no export of CVAT; export the task again',
            )
        if stat.S_ISLNK(info.external_attr >> 16):
            faults.fail(
                entry, 'type', 'is a link', 'this is no export of CVAT; export the task again'
            )
        if name in names:
            faults.fail(entry, 'path', 'is in the archive twice', 'keep one of them')
        names.add(name)
        if name.endswith('.json') and info.file_size > checks.MAX_BYTES:
            _too_big(faults, name)
    if len(infos) > MAX_ENTRIES:
        faults.fail('archive', 'entries', f'there are more than {MAX_ENTRIES}', 'export one task')


def _too_big(faults: Faults, name: str) -> None:
    faults.fail(
        f'entry {name!r}',
        'size',
        f'unpacks to more than {checks.MAX_BYTES} bytes',
        'export the task again, without images, or in parts',
    )
