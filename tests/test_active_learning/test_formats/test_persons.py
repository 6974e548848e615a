"""Persons whom a tool has numbered anew are told apart."""

import copy

import numpy as np
import pytest

from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.formats import Faults
from mmpose_al.active_learning.formats.persons import is_nobody, person_by_content
from mmpose_al.active_learning.query import load_query
from tests.test_active_learning.people import (
    ROUND,
    answer,
    as_a_tool,
    labelled,
    opened,
    read,
    refused,
    write,
    write_pool,
)


@pytest.mark.parametrize(
    'attributes, words',
    [
        (dict(annotation_id='77'), ['attributes.annotation_id', "'77'"]),
        (dict(annotation_id='two'), ["'two'"]),
        (dict(annotation_id=-1.5), ['-1.5']),
        ({}, ['which of the 2 persons', 'cannot be told']),
    ],
)
def test_persons_of_a_tool_that_numbers_anew(attributes, words, answering, tmp_path):
    data = as_a_tool(copy.deepcopy(answering[1]['cvat']))
    data['annotations'][0]['attributes'] = attributes
    if not attributes:  # and no joint is in a box
        data['annotations'][0]['keypoints'] = [5, 5, 2] * 5
    refused(answering, write(data, tmp_path / 'a.json', 'coco'), 'annotations[0]', *words)
    # two that are the same person
    data = as_a_tool(copy.deepcopy(answering[1]['cvat']))
    data['annotations'].append(dict(data['annotations'][0], id=99))
    refused(
        answering,
        write(data, tmp_path / 'a.json', 'coco'),
        'annotations[2]',
        'as annotations[0] does',
    )


def test_two_persons_of_an_image_are_told_apart(tmp_path):
    path, pixels, _ = write_pool(tmp_path / 'data', 1, persons=2)
    annotator = opened(tmp_path / 'work', path, images='none')
    annotator.ask(ROUND, [0], [1.0])
    data = read(annotator.folder, 'coco')
    assert len(data['annotations']) == 8
    assert all(not any(a['keypoints']) for a in data['annotations'])
    assert read(annotator.folder, 'cvat')['annotations'] == []  # drawn anew there
    left, right = np.full((5, 2), 100.0), np.full((5, 2), 400.0)
    given = {1: left, 1001: right}
    export = as_a_tool(answer(data, 'coco', given))
    for annotation in export['annotations']:
        annotation['attributes'] = {}
    # somebody drew a skeleton and labelled no joint of it
    export['annotations'].append(
        dict(export['annotations'][0], id=9, keypoints=[0] * 15, num_keypoints=0)
    )
    done = ingest(annotator.folder, write(export, tmp_path / 'cvat.json', 'coco'))
    assert done.annotations == [1, 1001] and done.units == [0]
    labels, _ = labelled(annotator.labels_file)
    assert labels[1][0].tolist() == [99.5, 99.5, 2]  # measured from the corner
    assert labels[1001][0].tolist() == [399.5, 399.5, 2]


@pytest.mark.parametrize(
    'told, found',
    [('1001', 1001), (1001.0, 1001), (1, 1), ('', 1), (None, 1), ('²', None), ('7' * 30, None)],
)
def test_who_a_person_is(told, found, answering):
    """By what somebody wrote; else by the box that most joints are in."""
    query, faults = load_query(answering[0].folder, ROUND), Faults('file')
    joints = np.array([[100.0, 100, 2], [120, 90, 1], [500, 90, 2], [0, 0, 0], [90, 200, 2]])
    image = query.images[query.annotations[1]['image_id']]
    assert not is_nobody(told, joints, image, query)
    assert person_by_content(told, joints, 'entry', image, query, faults) == found
    assert len(faults.found) == (found is None)
    assert is_nobody(None, joints * 0, image, query) and not is_nobody(7, joints * 0, image, query)


def test_a_child_in_front_of_an_adult_is_asked_about(answering):
    """All its joints are in the adult's box too, and one is above its own."""
    query, faults = load_query(answering[0].folder, ROUND), Faults('file')
    image = query.images[query.annotations[1]['image_id']]
    adult, child = query.of_image[image['id']]
    adult['bbox'], child['bbox'] = [10.0, 10, 600, 460], [200.0, 200, 100, 100]
    joints = np.array([[250.0, 190, 2], [210, 230, 2], [290, 230, 2], [220, 295, 2], [280, 295, 2]])
    assert person_by_content('', joints, 'entry', image, query, faults) is None
    assert 'cannot be told from the joints' in faults.text
    large = np.array([[300.0, 20, 2], [30, 230, 2], [590, 230, 2], [200, 460, 2], [400, 460, 2]])
    assert person_by_content('', large, 'entry', image, query, faults) == adult['id']
