"""What was accepted is kept, and a damaged file is named."""

import json
import os

import numpy as np
import pytest

from mmpose_al.active_learning.answers import (
    answered_units,
    ingest,
    load_all_answers,
    load_answers,
    merged,
)
from mmpose_al.active_learning.answers.kept import new_answers
from mmpose_al.active_learning.paths import Paths
from mmpose_al.active_learning.query import load_query
from tests.test_active_learning.people import ROUND, answer, read, write


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
