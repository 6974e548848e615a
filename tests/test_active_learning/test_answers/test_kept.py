"""What was accepted is kept, and a damaged file is named."""

import json
import os
import random

import numpy as np
import pytest

from mmpose_al.active_learning.answers import (
    answered_units,
    ingest,
    load_all_answers,
    load_answers,
    merged,
)
from mmpose_al.active_learning.answers.kept import new_answers, pool_answers, write_answers
from mmpose_al.active_learning.paths import Paths
from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.query import load_query
from mmpose_al.fileio import CHECKSUM
from tests.test_active_learning.people import ROUND, answer, read, write


def test_labels_of_the_pool_are_an_answer(pool):
    path, pixels, _ = pool
    opened = load_pool(path, 'frames')
    known = opened.units[:1].tolist()
    document = pool_answers(opened, known)
    labels = merged([document])
    assert set(labels) == set(opened.labels(known)) and labels
    assert document['round'] == 0 and document['query'] is None
    assert document['events'][0]['sha256'] == opened.sha256


def test_events_are_kept_in_order_and_the_latest_counts(asked, tmp_path):
    annotator, pixels = asked
    assert load_answers(annotator.folder, ROUND) is None
    assert load_all_answers(annotator.folder) == []
    for number, points in enumerate((pixels[80], pixels[80] + 1)):
        data = answer(read(annotator.folder, 'coco'), 'coco', {80: points})
        ingest(annotator.folder, write(data, tmp_path / f'{number}.json', 'coco'))
    (document,) = load_all_answers(annotator.folder)
    assert [event['file'] for event in document['events']] == ['0.json', '1.json']
    latest = merged([document])
    np.testing.assert_allclose(latest[80][:, :2], pixels[80] + 1, atol=2e-3)
    query = load_query(annotator.folder, ROUND)
    assert answered_units(query, latest) == [20]
    assert answered_units(query, [0, 80]) == [20, 0]  # as the query has them
    assert new_answers(query) == dict(document, events=[])


@pytest.mark.parametrize(
    'text', ['{"format": "mmpose_al-answers"', '[]', '{"format": "other", "version": 1}']
)
def test_a_damaged_file_is_named(text, asked):
    annotator, _ = asked
    path = Paths(annotator.folder).answers(ROUND)
    os.makedirs(os.path.dirname(path))
    with open(path, 'w') as file:
        file.write(text)
    with pytest.raises(ValueError, match='round_01.json holds no answers.*put the file back'):
        load_answers(annotator.folder, ROUND)


def test_events_that_cannot_be_read_are_named(asked):
    annotator, _ = asked
    document = new_answers(load_query(annotator.folder, ROUND))
    document['events'].append(dict(annotations=[dict(id=1, keypoints=[1, 2])]))
    path = Paths(annotator.folder).answers(ROUND)
    os.makedirs(os.path.dirname(path))
    with open(path, 'w') as file:
        json.dump(document, file)
    with pytest.raises(ValueError, match='holds no answers'):
        load_answers(annotator.folder, ROUND)


def test_answers_of_an_older_version_are_read(asked):
    annotator, _ = asked
    document = new_answers(load_query(annotator.folder, ROUND))
    document['events'].append(dict(file='a', annotations=[dict(id=80, keypoints=[1.0, 2.0, 2])]))
    path = Paths(annotator.folder).answers(ROUND)
    os.makedirs(os.path.dirname(path))
    with open(path, 'w') as file:
        json.dump(dict(document, version=1), file)
    old = load_answers(annotator.folder, ROUND)
    assert old['events'] == document['events']
    write_answers(annotator.folder, old)
    assert load_answers(annotator.folder, ROUND) == document
    os.remove(path + CHECKSUM)
    with open(path, 'w') as file:
        json.dump(document, file)
    with pytest.raises(ValueError, match='lost their checksums'):
        load_answers(annotator.folder, ROUND)


def test_every_flip_of_a_bit_in_answers_is_refused(asked, tmp_path):
    annotator, pixels = asked
    data = answer(read(annotator.folder, 'coco'), 'coco', {80: pixels[80]})
    ingest(annotator.folder, write(data, tmp_path / 'a.json', 'coco'))
    path, rng = Paths(annotator.folder).answers(ROUND), random.Random(2)
    os.remove(path + CHECKSUM)  # each line has its own
    with open(path, 'rb') as file:
        raw = file.read()
    for bit in rng.sample(range(8 * len(raw)), 700):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        with open(path, 'wb') as file:
            file.write(flipped)
        with pytest.raises(ValueError, match='holds no answers'):
            load_answers(annotator.folder, ROUND)


@pytest.mark.parametrize(
    'entry, words',
    [
        (dict(id='80', keypoints=[1.0, 2.0, 2]), "id '80' is no number"),
        (dict(id=80, keypoints=[1.0, float('nan'), 2]), 'annotation 80: keypoints are .*nan'),
        (dict(id=80, keypoints=[1.0, 2.0]), 'annotation 80: keypoints are'),
    ],
)
def test_an_edit_by_hand_is_named(asked, entry, words):
    annotator, _ = asked
    document = dict(new_answers(load_query(annotator.folder, ROUND)), version=1)
    document['events'].append(dict(annotations=[entry]))
    path = Paths(annotator.folder).answers(ROUND)
    os.makedirs(os.path.dirname(path))
    with open(path, 'w') as file:
        json.dump(document, file)
    with pytest.raises(ValueError, match=words):
        load_answers(annotator.folder, ROUND)
