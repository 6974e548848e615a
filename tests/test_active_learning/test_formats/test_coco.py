"""COCO keypoints: broken answers are refused whole, and the entry is named."""

import copy
import json

import numpy as np
import pytest

from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.answers.reading import read_answers
from mmpose_al.active_learning.formats import Coco, Faults
from mmpose_al.active_learning.formats.coco import parse_coco
from mmpose_al.active_learning.query import load_query
from tests.test_active_learning.people import NAMES, ROUND, answer, read, refused, write


def first(data):
    return data['annotations'][0]


# What breaks it, what the message says of the entry. Of COCO keypoints; the archive of
# CVAT holds the same.
COCO = dict(
    another_project=(
        lambda d: d['info']['mmpose_al'].update(query='0123456789ab'),
        ['info', 'mmpose_al.query', '0123456789ab'],
    ),
    no_trace_of_a_query=(
        lambda d: (d.pop('info'), [i.update(file_name='a.png') for i in d['images']]),
        ['info', "another project's export"],
    ),
    pixel_origin=(
        lambda d: d['info']['mmpose_al'].update(pixel_origin='left'),
        ['info', 'pixel_origin', "'left'"],
    ),
    pixel_origin_list=(
        lambda d: d['info']['mmpose_al'].update(pixel_origin=[]),
        ['info', 'pixel_origin', 'is []'],
    ),
    no_categories=(lambda d: d.pop('categories'), ['field "categories"', 'is missing']),
    annotations_not_a_list=(
        lambda d: d.update(annotations={}),
        ['field "annotations"', 'not a list'],
    ),
    annotation_not_an_object=(
        lambda d: d['annotations'].append(7),
        ['field "annotations"', 'not a list of objects'],
    ),
    fewer_joints=(
        lambda d: d['categories'][0].update(keypoints=NAMES[:4]),
        ['categories[0] (id 1)', 'names 4 joints, the query has 5'],
    ),
    other_joint=(
        lambda d: d['categories'][0].update(keypoints=NAMES[:4] + ['tail']),
        ['categories[0] (id 1)', "joint 4 is 'tail'", "'right_foot'"],
    ),
    joint_name_twice=(
        lambda d: d['categories'][0].update(keypoints=NAMES[:4] + ['nose']),
        ['categories[0] (id 1)', "joint 0 is 'nose'"],
    ),
    no_joint_names=(
        lambda d: d['categories'][0].pop('keypoints'),
        ['categories', 'no category names joints'],
    ),
    image_of_another_query=(
        lambda d: d['images'][1].update(file_name='0123456789ab_00001_3.png'),
        ['images[1]', 'file_name', 'is no image of query'],
    ),
    path_that_leads_out=(
        lambda d: d['images'][1].update(
            file_name='../../' + d['images'][1]['file_name'].split('/')[-1]
        ),
        ['images[1]', 'file_name', 'leads out of the folder'],
    ),
    absolute_path=(
        lambda d: d['images'][1].update(
            file_name='/etc/' + d['images'][1]['file_name'].split('/')[-1]
        ),
        ['images[1]', 'file_name', 'leads out of the folder'],
    ),
    image_id_changed=(lambda d: d['images'][0].update(id=999), ['images[0] (id 999)', 'has id']),
    image_id_text=(lambda d: d['images'][0].update(id='1'), ["images[0] (id '1')"]),
    image_twice=(
        lambda d: d['images'].append(dict(d['images'][0])),
        ['images[8]', 'is also that of another'],
    ),
    image_name_number=(
        lambda d: d['images'][0].update(file_name=3),
        ['images[0]', 'file_name', 'is 3'],
    ),
    image_resized=(lambda d: d['images'][0].update(width=320), ['images[0]', '320x480', '640x480']),
    unknown_id=(
        lambda d: first(d).update(id=77),
        ['annotations[0] (id 77)', 'is no annotation of query'],
    ),
    text_id=(lambda d: first(d).update(id='2'), ["annotations[0] (id '2')", 'integer']),
    id_twice=(
        lambda d: d['annotations'].append(dict(first(d))),
        ['annotations[2]', 'is also that of annotations[0]'],
    ),
    unknown_image=(
        lambda d: first(d).update(image_id=12345),
        ['annotations[0]', 'image_id', '12345'],
    ),
    other_image=(
        lambda d: first(d).update(image_id=43),
        ['annotations[0]', 'image_id', 'in the query annotation'],
    ),
    unknown_category=(
        lambda d: first(d).update(category_id=2),
        ['annotations[0]', 'category_id', "'person'"],
    ),
    too_few_numbers=(
        lambda d: first(d)['keypoints'].pop(),
        ['annotations[0]', 'has 14 numbers, 5 joints need 15'],
    ),
    keypoints_not_a_list=(
        lambda d: first(d).update(keypoints={'nose': [1, 2, 2]}),
        ['annotations[0]', 'not a list'],
    ),
    visibility_three=(
        lambda d: first(d)['keypoints'].__setitem__(5, 3),
        ['annotations[0]', "'left_hand'", 'visibility 3'],
    ),
    visibility_half=(
        lambda d: first(d)['keypoints'].__setitem__(5, 1.5),
        ['annotations[0]', "'left_hand'", 'visibility 1.5'],
    ),
    visibility_true=(
        lambda d: first(d)['keypoints'].__setitem__(5, True),
        ['annotations[0]', "'left_hand'", 'three finite numbers'],
    ),
    nan=(
        lambda d: first(d)['keypoints'].__setitem__(0, float('nan')),
        ['annotations[0]', "'nose'", 'three finite numbers'],
    ),
    infinite=(
        lambda d: first(d)['keypoints'].__setitem__(1, float('-inf')),
        ['annotations[0]', "'nose'", 'three finite numbers'],
    ),
    without_end=(
        lambda d: first(d)['keypoints'].__setitem__(1, 10**400),
        ['annotations[0]', "'nose'", 'three finite numbers'],
    ),
    text_coordinate=(
        lambda d: first(d)['keypoints'].__setitem__(0, '31'),
        ['annotations[0]', "'nose'", "'31'"],
    ),
    null_coordinate=(
        lambda d: first(d)['keypoints'].__setitem__(0, None),
        ['annotations[0]', "'nose'", 'None'],
    ),
    outside=(
        lambda d: first(d)['keypoints'].__setitem__(3, 641.0),
        ['annotations[0]', "'left_hand'", '641.0', 'outside the 640x480 image'],
    ),
    negative=(
        lambda d: first(d)['keypoints'].__setitem__(4, -2),
        ['annotations[0]', "'left_hand'", 'outside the 640x480 image'],
    ),
    nothing_labelled=(lambda d: d.update(annotations=[]), ['labels no joint']),
)


@pytest.mark.parametrize('fmt', ['coco', 'cvat'])
@pytest.mark.parametrize('name', sorted(COCO))
def test_broken_coco_and_cvat(name, fmt, answering, tmp_path):
    data = copy.deepcopy(answering[1][fmt])
    change, words = COCO[name]
    change(data)
    refused(answering, write(data, tmp_path / 'answers', fmt), *words)


def accepted(answering, data, path, fmt='coco', **options):
    return ingest(answering[0].folder, write(data, path, fmt), dry_run=True, **options)


@pytest.mark.parametrize('fmt', ['coco', 'cvat'])
def test_joints_in_another_order_are_put_in_order_by_name(fmt, answering, tmp_path):
    data = copy.deepcopy(answering[1][fmt])
    read_as = [parse(data, answering, fmt)]
    order = [4, 2, 0, 1, 3]
    data['categories'][0]['keypoints'] = [NAMES[i] for i in order]
    for annotation in data['annotations']:
        points = np.reshape(annotation['keypoints'], (-1, 3))
        annotation['keypoints'] = points[order].ravel().tolist()
    assert accepted(answering, data, tmp_path / 'a', fmt).joints == 10
    read_as.append(parse(data, answering, fmt))
    for one, other in zip(*read_as):
        np.testing.assert_array_equal(one.keypoints, other.keypoints)


def parse(data, answering, fmt):
    return parse_coco(data, load_query(answering[0].folder, ROUND), Faults(fmt))


def test_another_label_beside_the_skeleton_is_passed_over(answering, tmp_path):
    data = copy.deepcopy(answering[1]['coco'])
    data['categories'].append(dict(id=2, name='ball', keypoints=[], skeleton=[]))
    data['annotations'].append(dict(first(data), id=99, category_id=2, keypoints=[]))
    done = accepted(answering, data, tmp_path / 'a')
    assert done.annotations == [0, 2]
    ((what, entries),) = done.passed_over.items()
    assert 'no joints' in what and entries == ['annotations[2] (id 99)']


def test_the_origin_of_pixels_may_be_said(answering, tmp_path):
    data = copy.deepcopy(answering[1]['coco'])
    truth = parse(data, answering, 'coco')[0].keypoints
    data.pop('info')  # a script that wrote the file anew
    query = load_query(answering[0].folder, ROUND)
    for origin, shift in (('center', 0), ('corner', 0.5), (None, 0.5)):
        found = parse_coco(data, query, Faults('a'), origin)[0].keypoints
        np.testing.assert_allclose(found[:, :2], truth[:, :2] - shift, atol=1e-9)
    assert accepted(answering, data, tmp_path / 'a', options=dict(pixel_origin='center')).views == 2
    with pytest.raises(ValueError, match="'center' or 'corner'; got 'left'"):
        accepted(answering, data, tmp_path / 'a', options=dict(pixel_origin='left'))


def test_a_query_says_where_its_pixels_are_measured_from(answering, tmp_path):
    query = load_query(answering[0].folder, ROUND)
    for origin in ('center', 'corner'):
        Coco(origin).write(query, str(tmp_path))
        with open(str(tmp_path / 'coco_keypoints.json')) as file:
            data = json.load(file)
        assert data['info']['mmpose_al']['pixel_origin'] == origin
        assert data['annotations'][0]['bbox'][0] == 20.0 + 0.5 * (origin == 'corner')


def test_who_gave_an_answer_is_read_where_the_file_says_it(asked, tmp_path):
    annotator, pixels = asked
    data = answer(read(annotator.folder, 'coco'), 'coco', {80: pixels[80], 81: pixels[81]})
    told = dict(by='Anna', at='2026-01-02T03:04:05+00:00', seconds=7)
    for entry, attributes in zip(data['annotations'], (told, dict(by=3, at='', seconds='x'))):
        entry['attributes'].update(attributes)
    queries = [load_query(annotator.folder, ROUND)]
    first, second = read_answers(write(data, tmp_path / 'a.json', 'coco'), queries).answers
    assert (first.by, first.at, first.seconds) == ('Anna', told['at'], 7.0)
    assert (second.by, second.at, second.seconds) == (None, None, None)
