"""Labels are taken back: of persons and of joints, in the open round and in closed ones."""

import numpy as np
import pytest

from mmpose_al.active_learning.annotators import AnswersPending
from mmpose_al.active_learning.answers import ingest, load_answers, withdrawal
from mmpose_al.active_learning.answers.withdrawal import withdraw
from mmpose_al.active_learning.formats import AnswerError
from mmpose_al.active_learning.state import new_state
from tests.test_active_learning.people import ROUND, answer, labelled, read, snapshot, write


@pytest.fixture
def given(asked, tmp_path):
    """Views 80 and 81 of frame 20 and view 2 of frame 0 are labelled."""
    annotator, pixels = asked
    data = answer(read(annotator.folder, 'coco'), 'coco', {i: pixels[i] for i in (80, 81, 2)})
    ingest(annotator.folder, write(data, tmp_path / 'a.json', 'coco'))
    return annotator, pixels


def test_persons_and_joints(given):
    annotator, pixels = given
    work = annotator.folder
    before = snapshot(work)
    assert withdraw(work, [2], dry_run=True) == (ROUND, [2], 5) and snapshot(work) == before
    assert withdraw(work, [2]) == (ROUND, [2], 5)
    assert withdraw(work, [80, 81, 80], ['nose', 'left_foot']) == (ROUND, [], 4)
    labels = labelled(annotator.labels_file)[0]
    assert sorted(labels) == [80, 81]
    assert labels[80][:, 2].tolist() == [0, 2, 2, 0, 2] and not labels[80][[0, 3]].any()
    np.testing.assert_allclose(labels[80][1, :2], pixels[80][1], atol=1e-3)
    assert annotator.withdrawn([0, 10, 20]) == [0]  # nobody was asked about frame 10
    assert annotator.answers(ROUND) == [20] and annotator.cost() == dict(views=2, joints=6)
    assert len(load_answers(work, ROUND)['events']) == 3  # what was accepted is still there
    withdraw(work, [80, 81])
    with pytest.raises(AnswersPending):
        annotator.answers(ROUND)


def test_a_new_answer_is_a_label_again(given, tmp_path):
    annotator, pixels = given
    withdraw(annotator.folder, [80])
    data = answer(read(annotator.folder, 'coco'), 'coco', {80: pixels[80]})
    done = ingest(annotator.folder, write(data, tmp_path / 'b.json', 'coco'))
    assert done.written and done.replaced == {}
    assert sorted(labelled(annotator.labels_file)[0]) == [2, 80, 81]


def test_answers_that_came_just_before_are_kept(given, tmp_path, monkeypatch):
    """What another process takes until the lock is held is seen."""
    annotator, pixels = given
    data = answer(read(annotator.folder, 'coco'), 'coco', {3: pixels[3]})
    path, held = write(data, tmp_path / 'b.json', 'coco'), withdrawal.locked

    def locked(work_dir):
        assert ingest(work_dir, path).written
        return held(work_dir)

    monkeypatch.setattr(withdrawal, 'locked', locked)
    assert withdraw(annotator.folder, [2]) == (ROUND, [2], 5)
    assert sorted(labelled(annotator.labels_file)[0]) == [3, 80, 81]
    assert len(load_answers(annotator.folder, ROUND)['events']) == 3


def test_labels_of_a_closed_round(given, pool):
    annotator, _ = given
    state = new_state(annotator.folder, annotator.pool, 'digest', 0)
    state.finish(0, 'annotate', {})
    state.finish(ROUND, 'annotate', {})
    with pytest.raises(AnswerError, match='no query is open.*\n.*train'):
        withdraw(annotator.folder, [80])
    annotator.ask(ROUND + 1, [10], [1.0], pool[2])
    assert withdraw(annotator.folder, [80]).round == ROUND + 1
    assert sorted(labelled(annotator.labels_file)[0]) == [2, 81]


def test_what_has_no_label(given):
    annotator, _ = given
    work = annotator.folder
    before = snapshot(work)
    for persons, joints, told in (
        ([80, 82], None, '--persons: person 82 has no such label'),
        ([7777], ['nose'], 'person 7777 has no such label'),
        ([80], ['tail'], '--joints: there are no tail; there are nose, left_hand'),
    ):
        with pytest.raises(AnswerError, match=told):
            withdraw(work, persons, joints)
    assert snapshot(work) == before


def test_a_file_takes_persons_back_where_it_is_said(given, tmp_path):
    annotator, pixels = given
    nothing = np.full_like(pixels[2], np.nan)
    data = answer(read(annotator.folder, 'coco'), 'coco', {80: pixels[80], 2: nothing, 3: nothing})
    path = write(data, tmp_path / 'b.json', 'coco')
    assert ingest(annotator.folder, path).kept == [2]
    done = ingest(annotator.folder, path, withdraw=True)
    assert (done.withdrawn, done.kept, done.answered, done.written) == ([2], [], 2, True)
    assert sorted(labelled(annotator.labels_file)[0]) == [80, 81]
    assert not ingest(annotator.folder, path, withdraw=True).written
