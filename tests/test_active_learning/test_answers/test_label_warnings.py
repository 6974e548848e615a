"""Warnings as data."""

from mmpose_al.active_learning.answers.label_warnings import (
    KEPT,
    LabelWarning,
    in_order,
    kept_warnings,
    person_size,
    read_warnings,
    told,
)
from mmpose_al.fileio import to_json

LIMB = LabelWarning('limb', 'long', [1], ['a', 'b'], 40.0)
NEAR = LabelWarning('disagrees', 'near', [2], ['a'], 21.0)
FAR = LabelWarning('disagrees', 'far', [3], ['b'], 90.0)


def event(*warnings, checked=()):
    return dict(kept_warnings(warnings), checked=list(checked))


def test_the_worst_come_first():
    assert in_order([LIMB, NEAR, FAR]) == [FAR, NEAR, LIMB]


def test_many_are_counted_by_kind():
    assert told([FAR, NEAR, LIMB], 3) == ['far', 'near', 'long']
    assert told([FAR, NEAR, LIMB], 1) == [
        'far',
        '... and 2 more (clicks that disagree with the other views: 1, limbs that are too long: 1)',
    ]
    assert told([], 1) == []


def test_an_event_keeps_a_bounded_number():
    kept = event(*[NEAR] * (KEPT + 7))
    assert len(kept['warnings']) == KEPT and kept['warnings_total'] == KEPT + 7
    assert '"pixels": 21.0' in to_json(kept)


def test_what_was_looked_at_again_counts_as_it_is_now():
    assert read_warnings([event(LIMB, NEAR)]) == [NEAR, LIMB]
    assert read_warnings([event(LIMB, NEAR), event(FAR, checked=[2, 3])]) == [FAR, LIMB]
    assert read_warnings([event(NEAR, checked=[2]), event(checked=[2])]) == []
    pair = LabelWarning('apart', 'do not meet', [4, 5], ['a'])
    assert read_warnings([event(pair), event(checked=[5])]) == []
    assert read_warnings([dict(warnings=['a text of an earlier version'])]) == []


def test_the_size_of_a_person():
    assert person_size([3, 4, 30.0, 200.0]) == 200
    assert person_size([3, 4, 0.0, 0.5]) == 1
