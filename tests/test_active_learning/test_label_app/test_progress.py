"""The journal's events make what is labelled; undo and redo have no end."""

import numpy as np
import pytest

from mmpose_al.active_learning.label_app.progress import WHOLE, UnitProgress, replay


def event(op, who='Anna', **more):
    return dict(op=op, who=who, unit=5, **more)


def given(*cells, **more):
    return event('set', cells=[list(cell) for cell in cells], how='click', **more)


def test_a_joint_is_where_it_was_put_last_and_comes_back():
    unit = UnitProgress()
    unit.apply(given((1, 0, 10.0, 20.0, 2)))
    unit.apply(given((1, 0, 11.0, 20.0, 1), (2, 0, 5.0, 6.0, 2)))
    assert unit.joint(1, 0) == [11.0, 20.0, 1] and unit.joint(2, 0) == [5.0, 6.0, 2]
    unit.apply(event('undo'))
    assert unit.joint(1, 0) == [10.0, 20.0, 2] and unit.joint(2, 0) is None
    unit.apply(event('undo'))
    assert unit.cells == {} and not unit.can_undo and unit.can_redo
    unit.apply(event('redo'))
    unit.apply(event('redo'))
    assert unit.joint(1, 0) == [11.0, 20.0, 1] and not unit.can_redo
    unit.apply(event('undo'))
    unit.apply(given((3, 1, 0.0, 0.0, 0)))
    assert not unit.can_redo and unit.joint(3, 1) == [0.0, 0.0, 0]
    assert unit.revision == 8 and unit.clicks == 8


def test_a_reason_is_undone_like_a_joint():
    unit = UnitProgress()
    unit.apply(event('skip', annotations=[1, 2], reason='covered'))
    assert unit.reason(1) == unit.reason(2) == 'covered' and unit.cells[1, WHOLE] == 'covered'
    unit.apply(event('skip', annotations=[1], reason=None))
    assert unit.reason(1) is None and unit.reason(2) == 'covered'
    unit.apply(event('undo'))
    unit.apply(event('undo'))
    assert unit.reason(1) is None and unit.cells == {}


def test_who_when_and_done():
    unit = UnitProgress()
    unit.apply(event('time', seconds=4.0))
    assert unit.owner is None and unit.seconds == dict(Anna=4.0)
    unit.apply(given((1, 0, 1.0, 1.0, 2), seconds=2.5))
    unit.apply(event('done', done=True, who='Anna', seconds=0.5))
    assert unit.done and unit.owner == 'Anna' and unit.seconds == dict(Anna=7.0)
    unit.apply(event('take', who='Ben'))
    assert unit.owner == 'Ben' and unit.done
    unit.apply(given((1, 0, 2.0, 1.0, 2), who='Ben', key='k'))
    assert not unit.done and unit.last_key == 'k'  # what is corrected is to be called done anew
    unit.apply(event('done', done=False))
    assert not unit.done


@pytest.mark.parametrize('seed', range(5))
def test_any_order_of_undo_and_redo_is_that_of_a_list_of_states(seed):
    rng = np.random.RandomState(seed)
    unit, states, at = UnitProgress(), [{}], 0
    for _ in range(300):
        op = rng.choice(['set', 'undo', 'redo'], p=[0.4, 0.35, 0.25])
        if op == 'set':
            cells = [
                (int(rng.randint(3)), int(rng.randint(3)), float(rng.randint(9)), 0.0, 2)
                for _ in range(rng.randint(1, 4))
            ]
            unit.apply(given(*cells))
            state = {**states[at], **{(a, k): [x, y, v] for a, k, x, y, v in cells}}
            states, at = [*states[: at + 1], state], at + 1
        elif (op == 'undo' and unit.can_undo) or (op == 'redo' and unit.can_redo):
            unit.apply(event(op))
            at += 1 if op == 'redo' else -1
        assert unit.cells == states[at]
        assert unit.can_undo == (at > 0) and unit.can_redo == (at < len(states) - 1)


def test_replay_keeps_units_apart_and_passes_strangers_over():
    events = [
        given((1, 0, 1.0, 1.0, 2)),
        dict(given((2, 0, 1.0, 1.0, 2)), unit=6),
        dict(given((3, 0, 1.0, 1.0, 2)), unit=99),
    ]
    progress = replay([5, 6], events)
    assert sorted(progress) == [5, 6]
    assert list(progress[5].cells) == [(1, 0)] and list(progress[6].cells) == [(2, 0)]
