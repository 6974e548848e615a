"""CVAT's archives: subsets, tracks, what Windows makes of names, and its other formats."""

import copy
import json
import zipfile

import pytest

from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.formats.cvat import ENTRY
from tests.test_active_learning.people import archive, as_a_tool, read, refused, write


def taken(answering, path, **options):
    return ingest(answering[0].folder, str(path), dry_run=True, **options)


def test_the_category_is_no_part_of_another_label(answering):
    """CVAT would take a category with another one above it for a part of a skeleton."""
    (category,) = read(answering[0].folder, 'cvat')['categories']
    assert category['supercategory'] == '' and category['keypoints']


def test_names_that_windows_has_written(answering, tmp_path):
    text = json.dumps(answering[1]['cvat'])
    info = zipfile.ZipInfo('a')
    info.filename = ENTRY.replace('/', '\\')
    done = taken(answering, archive(tmp_path / 'a.zip', [(info, text)]))
    assert (done.format, done.annotations) == ('cvat', [0, 2])


def test_subsets_are_read_together(answering, tmp_path):
    parts = []
    for number in range(2):
        data = as_a_tool(copy.deepcopy(answering[1]['cvat']))
        data['annotations'] = data['annotations'][number : number + 1]
        parts.append(data)

    def packed():
        return archive(
            tmp_path / 'a.zip',
            [
                (f'annotations/person_keypoints_{n}.json', json.dumps(d))
                for n, d in enumerate(parts)
            ],
        )

    done = taken(answering, packed())
    assert done.annotations == [0, 2]
    parts[1]['annotations'] += parts[0]['annotations']
    refused(
        answering,
        packed(),
        'person_keypoints_1.json: annotations[1]',
        'as person_keypoints_0.json: annotations[0] does',
    )
    parts[1] = 3
    refused(answering, packed(), 'person_keypoints_1.json: file', 'Export COCO keypoints')


@pytest.mark.parametrize('fmt', ['coco', 'cvat'])
def test_what_a_track_interpolates_is_no_label(fmt, answering, tmp_path):
    data = as_a_tool(copy.deepcopy(answering[1]['cvat']))
    for annotation, drawn in zip(data['annotations'], (True, False)):
        annotation['attributes'].update(track_id=0, keyframe=drawn)
    path = write(data, tmp_path / 'a', fmt)
    done = taken(answering, path)
    ((what, entries),) = done.passed_over.items()
    assert done.annotations == [2] and 'interpolated' in what
    assert entries == ['annotations[1] (id 2)']
    done = taken(answering, path, options=dict(interpolated=True))
    assert done.annotations == [0, 2] and done.passed_over == {}


@pytest.mark.parametrize('packed', [False, True])
def test_the_other_formats_of_cvat_are_named(packed, answering, tmp_path):
    xml = '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>'
    path = tmp_path / 'annotations.xml'
    path.write_text(xml)
    if packed:
        path = archive(tmp_path / 'a.zip', [('annotations.xml', xml)])
    refused(answering, path, 'CVAT for images', '"COCO Keypoints 1.0"')


def test_an_encrypted_entry_is_named(answering, tmp_path):
    path = archive(tmp_path / 'a.zip', [(ENTRY, json.dumps(answering[1]['cvat']))])
    raw = bytearray(path.read_bytes())
    for signature, offset in ((b'PK\1\2', 8), (b'PK\3\4', 6)):
        raw[raw.index(signature) + offset] |= 1
    path.write_bytes(raw)
    refused(answering, path, 'is encrypted', 'without a password')
