"""Self-training as a config describes it."""

import pytest

from mmpose_al.active_learning.registry import SELF_TRAINING
from mmpose_al.active_learning.self_training import (
    ConsistentFrames,
    MultiViewBootstrapping,
    SelfTraining,
    bootstrap_shares,
    check_bootstraps,
    compose_bootstrap,
)


def test_a_type_and_its_arguments():
    rules = SELF_TRAINING.build(dict(type='ConsistentFrames', num=4, min_views=2))
    assert type(rules) is ConsistentFrames and (rules.num, rules.min_views) == (4, 2)
    assert rules.needs == ('cameras',)


@pytest.mark.parametrize(
    'section, words',
    [
        (dict(type='Sure'), "no self-training 'Sure'; there are .*ConsistentFrames"),
        (
            dict(type='ConsistentFrames', min_view=3),
            'ConsistentFrames has no min_view; its keys are num, schedule',
        ),
        (
            dict(type='ConsistentFrames', schedule='grow'),
            'self-training ConsistentFrames needs num',
        ),
    ],
)
def test_what_cannot_be_built_is_refused(section, words):
    with pytest.raises(ValueError, match=words):
        SELF_TRAINING.build(section)


def test_by_default_there_is_nothing_for_the_next_round():
    rules = SelfTraining()
    assert rules.check(None) is None and rules.for_next_round(None, None, [], []) is None


def batches(size=8, sampler=None, **data):
    return dict(
        train_dataloader=dict(
            batch_size=size,
            sampler=sampler or dict(type='LabeledUnlabeledSampler'),
            dataset=dict(type='LabeledUnlabeledDataset', labeled={}, **data),
        )
    )


def test_shares_of_a_bootstrap():
    """Half labels, half pseudo-labels; with unlabelled images half of the labelled half."""
    assert bootstrap_shares({}) == [1, 1]
    assert bootstrap_shares(dict(unlabeled=dict(type='X'))) == [1, 1, 2]
    assert bootstrap_shares(dict(shares=[1, 3])) == [1, 3]
    assert bootstrap_shares(dict(unlabeled=dict(type='X')), unlabeled=False) == [1, 1]
    three = dict(shares=[2, 3, 4], unlabeled=dict(type='X'))
    assert bootstrap_shares(three) == [2, 3, 4]
    assert bootstrap_shares(three, unlabeled=False) == [2, 3]


def test_a_bootstrap_without_unlabelled_images():
    """Groups of views need a sampler of their own; labels and pseudo-labels do not."""
    sampler = dict(type='LabeledGroupSampler', num_groups=1, num_views=4, batch_size=8)
    cfg = dict(batches(8, sampler, unlabeled=dict(type='X')), model=dict(students={}, start=3))
    rules = MultiViewBootstrapping(unlabeled=False, batch_size=16)
    with pytest.raises(ValueError, match='With unlabeled=False'):
        check_bootstraps(cfg, MultiViewBootstrapping(batch_size=16))
    check_bootstraps(cfg, rules)
    compose_bootstrap(cfg, rules)
    loader = cfg['train_dataloader']
    assert loader['dataset'] == dict(type='LabeledUnlabeledDataset', labeled={}, shares=[1, 1])
    assert loader['sampler'] == dict(type='LabeledUnlabeledSampler', batch_size=16)
    assert loader['batch_size'] == 16 and cfg['model'] == dict(students={}, start=None)


def test_a_bootstrap_with_what_the_config_has():
    cfg = dict(batches(8, unlabeled=dict(type='X')), model=dict(students={}, start=3))
    compose_bootstrap(cfg, MultiViewBootstrapping())
    loader = cfg['train_dataloader']
    assert loader['dataset']['shares'] == [1, 1, 2] and loader['dataset']['unlabeled']
    assert loader['batch_size'] == 8 and cfg['model']['start'] == 3


@pytest.mark.parametrize(
    'cfg, words',
    [
        (batches(7), r'a batch of 7 with shares \[1, 1\] of labels, pseudo-labels would hold'),
        (batches(6, unlabeled={'type': 'X'}), r'pseudo-labels, unlabelled images would hold'),
        (batches(shares=[1, 1, 2]), r'shares=\[1, 1, 2\] are of labels, pseudo-labels in'),
        (batches(sampler=dict(type='LabeledGroupSampler')), "type='LabeledUnlabeledSampler'"),
        (
            batches(sampler=dict(type='LabeledUnlabeledSampler', num_unlabeled=2)),
            'without num_unlabeled',
        ),
    ],
)
def test_batches_that_cannot_be_composed_are_refused_before_training(cfg, words):
    with pytest.raises(ValueError, match=words):
        check_bootstraps(cfg, MultiViewBootstrapping())
    check_bootstraps(cfg, ConsistentFrames(2))  # has no such training


def test_another_sampler_without_unlabelled_images_is_not_replaced():
    cfg = batches(sampler=dict(type='DefaultSampler'))
    with pytest.raises(ValueError, match="type='LabeledUnlabeledSampler'"):
        check_bootstraps(cfg, MultiViewBootstrapping(unlabeled=False))


def test_the_batch_size_of_the_bootstraps_counts():
    check_bootstraps(batches(8), MultiViewBootstrapping())
    check_bootstraps(batches(7), MultiViewBootstrapping(batch_size=16))
    check_bootstraps(batches(8, shares=[1, 3]), MultiViewBootstrapping())
