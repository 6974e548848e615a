"""Predictions that nobody has moved, whatever the tool does to their numbers."""

import json

import numpy as np
import pytest

from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.answers.untouched import common_grid, find_untouched
from mmpose_al.active_learning.formats import Answer, AnswerError
from mmpose_al.active_learning.query import load_query
from tests.test_active_learning.people import ROUND, as_a_tool, read, write


def filled(query):
    """Annotation id -> prediction as labels (K, 3), where there is any."""
    made = {}
    for entry in query.annotations.values():
        points = np.array(entry['prediction'])
        there = points.any(1)
        made[entry['id']] = np.c_[points[:, :2], np.where(there, 2, 0)] * there[:, None]
    return made


def shifted(points, by):
    return points + np.array([by, by, 0]) * (points[:, 2:] > 0)


@pytest.fixture
def query(asked):
    return load_query(asked[0].folder, ROUND)


def untouched(query, change, ids=None):
    answers = [Answer('e', i, change(p)) for i, p in filled(query).items() if not ids or i in ids]
    return find_untouched(answers, query)


ROUNDINGS = dict(
    as_they_were=(lambda p: p, None, 0),
    hundredths=(lambda p: np.round(p, 2), None, 0),
    # the corner's numbers, read as such: 0.5 is taken off again
    whole=(lambda p: shifted(np.round(shifted(p, 0.5)), -0.5), 1, 0),
    tenths=(lambda p: np.round(p, 1), 0.1, 0),
    # written from the centre, read from the corner, and the other way round
    center=(lambda p: shifted(p, -0.5), None, -0.5),
    corner=(lambda p: shifted(p, 0.5), None, 0.5),
    center_whole=(lambda p: shifted(np.round(p), -0.5), 1, -0.5),
    # the number of the pixel: what is cut off of the corner's numbers
    cut_off=(lambda p: shifted(np.floor(shifted(p, 0.5)), -0.5), 1, -0.5),
    # what a tool cuts off that was given the centre's numbers
    center_cut_off=(lambda p: shifted(np.floor(p), -0.5), 1, -0.5),
)


@pytest.mark.parametrize('name', sorted(ROUNDINGS))
def test_what_a_tool_does_to_numbers_is_no_label(name, query):
    change, grid, offset = ROUNDINGS[name]
    found = untouched(query, lambda points: np.where(points[:, 2:] > 0, change(points), 0))
    assert found.annotations == list(query.annotations)
    assert (found.grid, found.offset) == (grid, offset)


def test_what_somebody_has_done_is_a_label(query):
    def moved(points, by):
        points = points.copy()
        points[np.flatnonzero(points[:, 2])[0], 0] += by
        return points

    assert untouched(query, lambda p: moved(p, 0.1)).annotations == []
    assert untouched(query, lambda p: np.round(moved(p, 2.0))).annotations == []
    # a joint was deleted, or is hidden
    assert untouched(query, lambda p: p * (np.arange(5) > 0)[:, None]).annotations == []

    def hidden(points):
        points = points.copy()
        points[np.flatnonzero(points[:, 2])[0], 2] = 1
        return points

    assert untouched(query, hidden).annotations == []
    # all of them hidden is what a tool says that knows no visibility
    assert len(untouched(query, lambda p: np.minimum(p, [9999, 9999, 1])).annotations) == 8
    # clicked anew, half a pixel off at random: nobody is so near in all joints
    rng = np.random.RandomState(0)
    assert untouched(query, lambda p: p + rng.normal(0, 0.5, p.shape) * [1, 1, 0]).annotations == []


def test_the_grid_of_a_file():
    pose = np.array([[3, 4, 2], [7.5, 8, 0], [9, 1, 1.0]])
    assert common_grid([pose]) == 1  # what is not labelled does not count
    assert common_grid([pose, pose + [0.5, 0.5, 0]]) is not None
    assert common_grid([pose, pose + [0.1, 0, 0]]) == 0.1
    assert common_grid([pose, pose + [0.12, 0, 0]]) is None and common_grid([]) is None


def from_a_tool(annotator, change):
    """The query as a tool gives it back that has its numbers as ``change`` says."""
    data = as_a_tool(read(annotator.folder, 'cvat'))
    for annotation in data['annotations']:
        points = np.reshape(annotation['keypoints'], (-1, 3))
        points = np.where(points[:, 2:] > 0, change(points), 0)
        annotation['keypoints'] = points.ravel().tolist()
    return data


def test_a_tool_that_rounds(asked, tmp_path):
    annotator, pixels = asked
    data = from_a_tool(annotator, lambda p: np.round(p))
    path = write(data, tmp_path / 'a.json', 'coco')
    with pytest.raises(AnswerError, match='8 persons came back.*--accept-unchanged'):
        ingest(annotator.folder, path)
    points = np.round(np.c_[pixels[80] + 3.5, np.full(5, 2)])
    ours = next(a for a in data['annotations'] if a['attributes']['annotation_id'] == '80')
    ours['keypoints'] = points.ravel().tolist()
    done = ingest(annotator.folder, write(data, tmp_path / 'b.json', 'coco'))
    assert done.annotations == [80] and len(done.unchanged) == 7 and done.grid == 1
    assert ingest(annotator.folder, path, accept_unchanged=True).views == 8


def test_the_origin_is_asked_for(asked, tmp_path):
    """A tool was given the numbers of the centre, and measures from the corner."""
    annotator, pixels = asked
    data = from_a_tool(annotator, lambda p: p - [0.5, 0.5, 0])
    ours = next(a for a in data['annotations'] if a['attributes']['annotation_id'] == '80')
    moved = pixels[80] + 3
    ours['keypoints'] = np.c_[moved, np.full(5, 2)].ravel().tolist()
    path = write(data, tmp_path / 'a.json', 'coco')
    for accept in (False, True):
        with pytest.raises(AnswerError, match='7 persons are where.*--origin center if.*corner'):
            ingest(annotator.folder, path, accept_unchanged=accept)
    for origin, shift in (('center', 0.0), ('corner', 0.5)):
        done = ingest(annotator.folder, path, options=dict(pixel_origin=origin))
        assert done.annotations == [80] and len(done.unchanged) == 7
        with open(annotator.labels_file) as file:
            labels = {a['id']: a['keypoints'] for a in json.load(file)['annotations']}
        found = np.reshape(labels[80], (-1, 3))[:, :2]
        np.testing.assert_allclose(found, moved - shift, atol=2e-3)


def test_joints_at_the_corner_are_none(asked, tmp_path):
    """Tools without visibility give what was not filled in back as a visible joint at 0, 0."""
    annotator, _ = asked
    data = read(annotator.folder, 'coco')
    for annotation in data['annotations']:
        annotation['keypoints'][:3] = [0, 0, 2]
        annotation['keypoints'][3] += 7
    done = ingest(annotator.folder, write(data, tmp_path / 'a.json', 'coco'), dry_run=True)
    before = np.array([a['keypoints'][5::3] for a in data['annotations']])
    assert done.joints == (before > 0).sum()
    ((what, entries),) = done.passed_over.items()
    assert 'joints at (0, 0)' in what and len(entries) == 8
