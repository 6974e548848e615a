"""What people placed becomes labels, through the door of all answers, and nothing else does."""

import numpy as np
import pytest

from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.answers.kept import latest, load_answers
from mmpose_al.active_learning.answers.withdrawal import withdraw
from mmpose_al.active_learning.paths import Paths
from tests.test_active_learning.people import answer, labelled, read, write


def say(session, unit, cells, op='set', **more):
    request = dict(op=op, unit=unit, revision=session.progress[unit].revision, **more)
    if op == 'set':
        request.update(cells=cells, how='click')
    return session.change('Anna', 'tab-a', request)


def place(session, pixels, number, joints=range(5), visible=2):
    unit = session.query.annotations[number]['unit']
    cells = [[number, k, *map(float, pixels[number][k]), visible] for k in joints]
    say(session, unit, cells)


def test_labels_are_what_was_placed_to_the_digit(session, experiment):
    work, pixels = experiment
    place(session, pixels, 80)
    place(session, pixels, 81, (0, 3), visible=1)
    say(session, 20, [[81, 1, 0, 0, 0]])
    say(session, 20, None, 'done', done=True)
    handed = session.hand_over('Anna', 'tab-a')
    assert handed.taken.units == [20] and handed.taken.views == 2 and handed.taken.joints == 7
    assert handed.open == [0] and handed.begun == handed.empty == []
    labels, _ = labelled(Paths(work).labels)
    assert sorted(labels) == [80, 81]
    np.testing.assert_array_equal(labels[80][:, :2], pixels[80])
    assert labels[81][:, 2].tolist() == [1, 0, 0, 1, 0]  # suggestions are no labels
    np.testing.assert_array_equal(labels[81][[0, 3], :2], pixels[81][[0, 3]])


def test_who_answered_when_and_how_long_goes_with_it(session, experiment):
    work, pixels = experiment
    place(session, pixels, 80)
    place(session, pixels, 81)
    say(session, 20, None, 'done', done=True, seconds=9)
    session.hand_over('Anna', 'tab-a')
    kept = latest([load_answers(work, 1)])
    for number in (80, 81):
        assert (kept[number]['by'], kept[number]['seconds']) == ('Anna', 4.5)
    times = [event['time'] for event in session.journal.events if event['op'] == 'set']
    assert [kept[number]['at'] for number in (80, 81)] == times  # of each person


def test_seconds_are_those_of_labels_and_of_who_gave_them(session, experiment):
    """A view that cannot be labelled takes no share; who only looks on has none."""
    work, pixels = experiment
    place(session, pixels, 80)
    say(session, 20, None, 'skip', annotations=[81, 82, 83], reason='covered')
    session.join('Bob', 'tab-b')
    request = dict(op='time', unit=20, revision=0, seconds=300)
    session.change('Bob', 'tab-b', request)
    say(session, 20, None, 'done', done=True, seconds=60)
    session.hand_over('Anna', 'tab-a')
    (entry,) = latest([load_answers(work, 1)]).values()
    assert (entry['id'], entry['by'], entry['seconds']) == (80, 'Anna', 60)


def test_time_alone_does_not_make_a_page_stale(session, experiment):
    _, pixels = experiment
    seen = session.progress[20].revision
    session.join('Bob', 'tab-b')
    session.change('Bob', 'tab-b', dict(op='time', unit=20, revision=seen, seconds=5))
    cells = [[80, 0, *map(float, pixels[80][0]), 2]]
    request = dict(op='set', how='click', cells=cells, unit=20, revision=seen)
    assert session.change('Anna', 'tab-a', request)['revision'] == seen + 1


def test_what_was_said_before_does_not_take_later_labels_away(session, experiment, tmp_path):
    """Anna could not label 80; then another file had it; then she labels something else."""
    work, pixels = experiment
    say(session, 20, None, 'skip', annotations=[80], reason='covered')
    place(session, pixels, 81)
    say(session, 20, None, 'done', done=True)
    session.hand_over('Anna', 'tab-a')
    path = write(answer(read(work, 'coco'), 'coco', {80: pixels[80]}), tmp_path / 'b.json', 'coco')
    ingest(work, path)
    place(session, pixels, 0)
    say(session, 0, None, 'done', done=True)
    taken = session.hand_over('Anna', 'tab-a').taken
    assert taken.withdrawn == [] and taken.annotations == [0, 81]
    assert sorted(labelled(Paths(work).labels)[0]) == [0, 80, 81]
    # said now, it counts
    say(session, 20, [[80, k, 0, 0, 0] for k in range(5)])
    say(session, 20, None, 'done', done=True)
    assert session.hand_over('Anna', 'tab-a').taken.withdrawn == [80]


def test_labels_whose_every_click_is_undone_are_taken_back(session, experiment):
    work, pixels = experiment
    place(session, pixels, 80)
    say(session, 20, None, 'done', done=True)
    session.hand_over('Anna', 'tab-a')
    say(session, 20, None, 'undo')
    say(session, 20, None, 'done', done=True)
    assert session.hand_over('Anna', 'tab-a').taken.withdrawn == [80]
    assert labelled(Paths(work).labels)[0] == {}


def test_accepted_as_it_was_filled_in_is_a_label(session, experiment):
    work, _ = experiment
    own = session.query.annotations[80]['prediction']
    cells = [[80, k, x, y, 2] for k, (x, y, _) in enumerate(own)]
    say(session, 20, cells)
    say(session, 20, None, 'done', done=True)
    handed = session.hand_over('Anna', 'tab-a')
    assert handed.taken.unchanged == [] and labelled(Paths(work).labels)[0][80][:, 2].all()


def test_units_that_are_begun_wait_unless_they_are_asked_for(session, experiment):
    work, pixels = experiment
    place(session, pixels, 80)
    place(session, pixels, 1, (0,))
    say(session, 20, None, 'done', done=True)
    dry = session.hand_over('Anna', 'tab-a', dry_run=True)
    assert dry.begun == [0] and dry.taken.units == [20] and not dry.taken.written
    assert session.hand_over('Anna', 'tab-a').taken.annotations == [80]
    again = session.hand_over('Anna', 'tab-a', begun=True)
    assert again.taken.annotations == [1, 80] and again.taken.written
    assert sorted(labelled(Paths(work).labels)[0]) == [1, 80]


def test_nothing_done_gives_nothing_and_reasons_are_told(session, experiment):
    work, pixels = experiment
    handed = session.hand_over('Anna', 'tab-a')
    assert handed.taken is None and handed.open == [20, 0]
    say(session, 20, None, 'skip', annotations=[80, 81], reason='covered')
    say(session, 20, None, 'done', done=True)
    handed = session.hand_over('Anna', 'tab-a')
    assert handed.taken is None and handed.empty == [20] and handed.open == [0]
    assert handed.reasons == {80: 'covered', 81: 'covered'}
    # a person who cannot be labelled has no label, whatever was placed before
    place(session, pixels, 80)
    place(session, pixels, 82)
    say(session, 20, None, 'done', done=True)
    assert session.hand_over('Anna', 'tab-a').taken.annotations == [82]


def test_labels_that_were_taken_back_are_told(session, experiment):
    _, pixels = experiment
    place(session, pixels, 80)
    place(session, pixels, 81)
    say(session, 20, None, 'done', done=True)
    session.hand_over('Anna', 'tab-a')
    say(session, 20, [[81, k, 0, 0, 0] for k in range(5)])
    say(session, 20, None, 'done', done=True)
    taken = session.hand_over('Anna', 'tab-a').taken
    assert taken.withdrawn == [81] and taken.kept == [] and taken.answered == 1
    say(session, 20, [[80, k, 0, 0, 0] for k in range(5)])
    say(session, 20, None, 'done', done=True)
    taken = session.hand_over('Anna', 'tab-a').taken  # nothing is given any more
    assert taken.withdrawn == [80] and taken.answered == 0
    assert session.hand_over('Anna', 'tab-a').taken is None


@pytest.mark.parametrize('far', [False, True])
def test_clicks_that_disagree_are_warned_of(session, experiment, far):
    _, pixels = experiment
    moved = {i: pixels[i].copy() for i in (80, 81, 82)}
    moved[81][0] += [90, 0] if far else [0, 0]
    for number in moved:
        place(session, moved, number)
    say(session, 20, None, 'done', done=True)
    taken = session.hand_over('Anna', 'tab-a', dry_run=True).taken
    found = [warning for warning in taken.warnings if warning.kind == 'disagrees']
    assert [(w.annotations, w.joints) for w in found] == [([81], ['nose'])] * far


def test_a_second_handover_brings_back_nothing_that_was_withdrawn_or_replaced(
    session, experiment, tmp_path
):
    work, pixels = experiment
    for number in (80, 81, 82):
        place(session, pixels, number)
    say(session, 20, None, 'done', done=True)
    session.hand_over('Anna', 'tab-a')
    withdraw(work, [80])
    moved = {81: pixels[81] + 2}
    path = write(answer(read(work, 'coco'), 'coco', moved), tmp_path / 'later.json', 'coco')
    ingest(work, path)
    place(session, pixels, 0)
    say(session, 0, None, 'done', done=True)
    taken = session.hand_over('Anna', 'tab-a').taken
    assert taken.annotations == [0, 82]
    (what,) = taken.passed_over
    assert 'withdrawn or replaced' in what and len(taken.passed_over[what]) == 2
    labels = labelled(Paths(work).labels)[0]
    assert sorted(labels) == [0, 81, 82]
    np.testing.assert_allclose(labels[81][:, :2], moved[81], atol=1e-3)
    # what somebody has placed anew is an answer
    x, y = pixels[80][1]
    say(session, 20, [[80, 1, x, y, 1]])
    say(session, 20, None, 'done', done=True)
    assert session.hand_over('Anna', 'tab-a').taken.annotations == [0, 80, 82]
