"""Answers to a closed round become labels of the open one, once."""

import shutil

import numpy as np
import pytest

from mmpose_al.active_learning.annotators import AnswersPending
from mmpose_al.active_learning.answers import ingest, load_answers
from mmpose_al.active_learning.answers.late import OLDER, is_closed
from mmpose_al.active_learning.answers.withdrawal import withdraw
from mmpose_al.active_learning.formats import AnswerError
from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.query import load_query
from mmpose_al.active_learning.state import new_state
from tests.test_active_learning.people import ROUND, answer, labelled, read, write

NEXT = ROUND + 1


@pytest.fixture
def late(asked, pool):
    """Round 1 asked for frames 20 and 0 and got view 80; round 2 asks for frame 10."""
    annotator, pixels = asked
    state = new_state(annotator.folder, annotator.pool, 'digest', 0)
    state.finish(0, 'annotate', {})

    def close():
        state.add_labels(ROUND, [20], 'FileAnnotator')
        state.finish(ROUND, 'annotate', {})
        annotator.ask(NEXT, [10], [1.0], pool[2])

    return annotator, pixels, close


def given(annotator, pixels, folder, ids, round=ROUND, fmt='coco', **options):
    data = answer(read(annotator.folder, fmt, round), fmt, {i: pixels[i] for i in ids})
    return ingest(annotator.folder, write(data, folder / 'answers', fmt), **options)


@pytest.mark.parametrize('fmt', ['coco', 'cvat', 'label_studio'])
def test_late_answers_are_labels_of_the_open_round(fmt, late, tmp_path):
    annotator, pixels, close = late
    given(annotator, pixels, tmp_path, [80])
    close()
    done = given(annotator, pixels, tmp_path, [80, 2, 3], fmt=fmt)
    assert (done.round, done.annotations, done.late) == (NEXT, [2, 3], {ROUND: [2, 3]})
    assert (done.asked, done.answered, done.units, done.views) == (4, 0, [], 2)
    labels = labelled(annotator.labels_file)[0]
    assert sorted(labels) == [2, 3, 80]
    np.testing.assert_allclose(labels[2][:, :2], pixels[2], atol=0.01)
    (event,) = load_answers(annotator.folder, NEXT)['events']
    assert [(each['id'], each['late']) for each in event['annotations']] == [(2, 1), (3, 1)]
    with pytest.raises(AnswersPending):  # its own query is not answered
        annotator.answers(NEXT)
    with pytest.raises(AnswerError, match='round 1, which is closed, and nothing of it is new'):
        given(annotator, pixels, tmp_path, [80, 2, 3], fmt=fmt)
    given(annotator, pixels, tmp_path, [40], NEXT)
    assert annotator.answers(NEXT) == [10, 0]  # frame 0 came late


def test_joints_that_a_later_file_does_not_label_are_told(late, tmp_path):
    """As where a second person labels the other joints alone."""
    annotator, pixels, _ = late
    first, second = np.arange(5)[:, None] < 3, np.arange(5)[:, None] >= 2
    given(annotator, {80: np.where(first, pixels[80], np.nan)}, tmp_path, [80])
    done = given(annotator, {80: np.where(second, pixels[80], np.nan)}, tmp_path, [80])
    joints = read(annotator.folder, 'coco', ROUND)['categories'][0]['keypoints']
    assert done.lost == {joints[0]: 1, joints[1]: 1} and done.replaced == {80: 0.0}
    now = labelled(annotator.labels_file)[0][80]
    assert (now[:, 2] > 0).tolist() == [False, False, True, True, True]


def test_a_late_correction_is_said_with_its_distance(late, tmp_path):
    annotator, pixels, close = late
    given(annotator, pixels, tmp_path, [80, 81])
    close()
    moved = dict(pixels)
    moved[80] = pixels[80] + [3.0, 4.0]
    done = given(annotator, moved, tmp_path, [80, 81])
    assert done.late == {ROUND: [80]} and done.replaced == {80: pytest.approx(5.0)}
    assert done.moved == pytest.approx(5.0)
    np.testing.assert_allclose(labelled(annotator.labels_file)[0][80][:, :2], moved[80], atol=1e-3)
    # The export of before is no correction of the correction.
    with pytest.raises(AnswerError, match='nothing of it is new'):
        given(annotator, pixels, tmp_path, [80, 81])


def test_a_file_of_both_rounds(late, tmp_path):
    annotator, pixels, close = late
    fmt = 'label_studio'
    given(annotator, pixels, tmp_path, [80])
    close()
    old = answer(read(annotator.folder, fmt), fmt, {i: pixels[i] for i in (80, 2)})
    new = answer(read(annotator.folder, fmt, NEXT), fmt, {40: pixels[40]})
    done = ingest(annotator.folder, write(old + new, tmp_path / 'a', fmt), dry_run=True)
    assert (done.annotations, done.late, done.answered) == ([2, 40], {ROUND: [2]}, 1)
    # A round with broken answers is passed over: the open one is taken all the same.
    old[0]['annotations'] = 3
    done = ingest(annotator.folder, write(old + new, tmp_path / 'b', fmt))
    assert (done.annotations, done.late) == ([40], {})


def test_without_an_open_query_late_answers_are_refused(late, tmp_path):
    annotator, pixels, close = late
    given(annotator, pixels, tmp_path, [80])
    state = new_state(annotator.folder, annotator.pool, 'digest', 0)
    query = load_query(annotator.folder, ROUND)
    assert not is_closed(None, query) and not is_closed(state, query)
    state.finish(0, 'annotate', {})
    state.finish(ROUND, 'annotate', {})
    assert is_closed(state, query)
    with pytest.raises(AnswerError, match='round 1, which is closed.*No query is open'):
        given(annotator, pixels, tmp_path, [2])


def test_the_pool_may_have_moved_between_the_rounds(late, tmp_path):
    """Its file is known by what it holds, not by where it lies."""
    annotator, pixels, close = late
    given(annotator, pixels, tmp_path, [80])
    (tmp_path / 'elsewhere').mkdir()
    path = str(shutil.copy(annotator.pool.path, str(tmp_path / 'elsewhere')))
    annotator.image_root = str(tmp_path / 'data' / 'images')
    annotator.open(annotator.folder, load_pool(path, 'frames', on_bad='skip'))
    close()
    assert load_query(annotator.folder, NEXT).content['pool']['file'] == path
    done = given(annotator, pixels, tmp_path, [2, 3])
    assert done.late == {ROUND: [2, 3]}


def test_labels_withdrawn_by_mistake_come_back(late, tmp_path):
    """In a closed round too, where somebody ingests the file again; a pull does not."""
    annotator, pixels, close = late
    given(annotator, pixels, tmp_path, [80, 81])
    close()
    withdraw(annotator.folder, [80])
    with pytest.raises(AnswerError, match='nothing of it is new'):
        given(annotator, pixels, tmp_path, [80, 81], repeats=False)
    done = given(annotator, pixels, tmp_path, [80, 81])
    assert done.late == {ROUND: [80]}
    assert sorted(labelled(annotator.labels_file)[0]) == [80, 81]


def test_an_older_answer_does_not_replace_that_of_a_later_round(asked, pool, tmp_path):
    """Frame 0 is asked for again; round 1's file comes when round 2 has its answer."""
    annotator, pixels = asked
    state = new_state(annotator.folder, annotator.pool, 'digest', 0)
    state.finish(0, 'annotate', {})
    given(annotator, pixels, tmp_path, [80])
    state.add_labels(ROUND, [20], 'FileAnnotator')
    state.finish(ROUND, 'annotate', {})
    annotator.ask(NEXT, [0], [1.0], pool[2])
    given(annotator, pixels, tmp_path, [0, 1], NEXT)
    old = dict(pixels)
    old[0] = pixels[0] + 5
    done = given(annotator, old, tmp_path, [0, 2])
    assert done.late == {ROUND: [2]} and done.passed_over[OLDER]
    labels = labelled(annotator.labels_file)[0]
    np.testing.assert_allclose(labels[0][:, :2], pixels[0], atol=0.01)
    withdraw(annotator.folder, [0])  # then there is none that it would replace
    assert given(annotator, old, tmp_path, [0]).late == {ROUND: [0]}


def test_a_fault_in_a_late_answer_is_said(late, tmp_path):
    annotator, pixels, close = late
    given(annotator, pixels, tmp_path, [80])
    close()
    old = answer(read(annotator.folder, 'label_studio', ROUND), 'label_studio', {81: pixels[81]})
    new = answer(read(annotator.folder, 'label_studio', NEXT), 'label_studio', {40: pixels[40]})
    for task in old:
        for annotation in task['annotations']:
            annotation['result'][0]['image_rotation'] = 90
    path = write(old + new, tmp_path / 'all.json', 'label_studio')
    done = ingest(annotator.folder, path)
    assert done.annotations == [40] and done.late == {}
    (what,) = (why for why in done.passed_over if 'answers of round 1' in why)
    assert 'none of which is taken' in what and 'image_rotation' in what
