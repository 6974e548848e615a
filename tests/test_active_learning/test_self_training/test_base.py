"""Self-training as a config describes it."""

import pytest

from mmpose_al.active_learning.self_training import (
    ConsistentFrames,
    SelfTraining,
    build_self_training,
)


def test_a_type_and_its_arguments():
    rules = build_self_training(dict(type='ConsistentFrames', num=4, min_views=2))
    assert type(rules) is ConsistentFrames and (rules.num, rules.min_views) == (4, 2)
    assert rules.needs == ('cameras',)


@pytest.mark.parametrize(
    'section, words',
    [
        (dict(type='Sure'), "no type 'Sure'; there are .*ConsistentFrames"),
        (dict(type='ConsistentFrames', min_view=3), r"unknown keys \['min_view'\].*num, schedule"),
        (dict(type='ConsistentFrames', schedule='grow'), r'needs num, .*dict\(num=\.\.\.\)'),
    ],
)
def test_what_cannot_be_built_is_refused(section, words):
    with pytest.raises(ValueError, match=words):
        build_self_training(section)


def test_by_default_there_is_nothing_for_the_next_round():
    rules = SelfTraining()
    assert rules.check(None) is None and rules.for_next_round(None, None, [], []) is None
