"""What people give that is no answer: it is told what it is, and what to give."""

import gzip
import json

import pytest

from mmpose_al.active_learning.formats import Document
from mmpose_al.active_learning.formats.other_tools import describe_other
from tests.test_active_learning.people import refused

LABELME = dict(version='5', flags={}, shapes=[dict(label='nose')], imagePath='a.png')
VIA = dict(_via_settings={}, _via_img_metadata={})
REGIONS = {'a.png123': dict(filename='a.png', size=123, regions=[])}
RESULT = dict(image_id=1, category_id=1, keypoints=[1, 2, 0.9], score=0.5)
FILES = dict(
    via_project=(VIA, ['VGG Image Annotator', 'by a script']),
    via_annotations=(REGIONS, ['VGG Image Annotator']),
    labelme=(LABELME, ['LabelMe or X-AnyLabeling']),
    datumaro=(dict(info={}, categories={}, items=[]), ['Datumaro', 'COCO keypoints']),
    storage=(dict(id=1, result=[], task=dict(data={})), ['target storage', 'as "JSON"']),
    results=([RESULT], ['list of COCO results', 'coco_keypoints.json']),
    yolo=('0 0.5 0.5 0.2 0.4 0.51 0.33 2\n', ['YOLO']),
    csv=('image,joint,x,y\na.png,nose,1,2\n', ['table (CSV)']),
    deeplabcut=('scorer,me,me,me\nbodyparts,nose,nose,nose\n', ['table (CSV)']),
    lines=('{"id": 1}\n{"id": 2}\n', ['JSON lines', 'one list']),
    gzip=(gzip.compress(b'{"images": []}'), ['gzip', 'npack it']),
    hdf5=(b'\x89HDF\r\n\x1a\n', ['HDF5']),
    image=(b'\x89PNG\r\n\x1a\n', ['an image']),
    rar=(b'Rar!\x1a\x07', ['RAR']),
    empty=('  \n', ['is empty']),
)


@pytest.mark.parametrize('name', sorted(FILES))
def test_what_it_is_is_said(name, answering, tmp_path):
    content, words = FILES[name]
    path = tmp_path / 'file'
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    refused(answering, path, 'field "content"', *words, 'Taken is COCO keypoints')


@pytest.mark.parametrize('text', ['{"a": 1}', '[1, 2, 3]', '{"images": [1,', 'hello', '[]'])
def test_nothing_is_said_of_what_is_not_known(text, tmp_path):
    path = tmp_path / 'file'
    path.write_text(text)
    with Document(str(path)) as document:
        assert describe_other(document) is None
