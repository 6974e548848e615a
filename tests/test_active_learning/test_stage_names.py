"""Names of stages, and what they tell of a round."""

import pytest

from mmpose_al.active_learning.stage_names import (
    STAGES,
    bootstrap_of,
    bootstrap_stage,
    bootstraps,
    is_stage,
    last_training,
    last_training_stage,
    stage_names,
    trainings,
)


def test_names_in_their_order():
    assert stage_names() == STAGES == ('annotate', 'train', 'score', 'select', 'pseudo')
    assert stage_names(2) == (
        'annotate',
        'train',
        'bootstrap_1_label',
        'bootstrap_1_train',
        'bootstrap_2_label',
        'bootstrap_2_train',
        'score',
        'select',
        'pseudo',
    )


@pytest.mark.parametrize('number', [1, 2, 10, 123])
@pytest.mark.parametrize('kind', ['label', 'train'])
def test_a_name_says_its_kind_and_number(kind, number):
    assert bootstrap_of(bootstrap_stage(kind, number)) == (kind, number)


def test_other_names_are_no_stages():
    assert all(map(is_stage, stage_names(11)))
    for name in ('', 'bootstrap', 'bootstrap_0_label', 'bootstrap_01_train', 'bootstrap_1_score'):
        assert not is_stage(name) and bootstrap_of(name) is None
    assert bootstrap_of('train') is None


def test_the_last_training_counts():
    stages = dict(annotate={})
    assert last_training(stages) is None and bootstraps(stages) == []
    for number, name in enumerate(stage_names(2)[1:6]):
        stages[name] = dict(number=number)
    assert last_training(stages) == dict(number=4)
    assert [each['number'] for each in bootstraps(stages)] == [1, 3]
    assert [each['number'] for each in trainings(stages)] == [0, 2, 4]
    assert trainings({}) == []
    del stages['bootstrap_2_train']  # its labels are there, and it is not trained
    assert last_training(stages) == dict(number=2) and len(bootstraps(stages)) == 2


def test_a_bootstrap_that_was_skipped_has_no_network_of_its_own():
    stages = dict(train=dict(n=0), bootstrap_1_train=dict(n=1))
    assert last_training_stage(stages) == 'bootstrap_1_train'
    assert last_training_stage(stages, before=1) == 'train'
    stages['bootstrap_2_train'] = dict(n=2, skipped='no label')
    assert last_training(stages) == dict(n=1)
    stages['bootstrap_3_train'] = dict(n=3)
    assert last_training(stages) == dict(n=3)
    assert last_training_stage(stages, before=3) == 'bootstrap_1_train'
    assert last_training_stage(stages, before=2) == 'bootstrap_1_train'
