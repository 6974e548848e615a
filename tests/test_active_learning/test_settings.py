import pytest

from mmpose_al.active_learning.settings import check_numbers, read_self_training, read_settings

NAN, INF = float('nan'), float('inf')
DATA = dict(type='LabeledUnlabeledDataset', labeled=dict(type='A', ann_file='a.json'))
CONFIG = dict(
    train_cfg=dict(type='ActiveLearningLoop', round_cfg=dict(type='IterBasedTrainLoop')),
    train_dataloader=dict(dataset=DATA),
    val_dataloader=dict(),
    val_cfg=dict(),
    val_evaluator=dict(),
)
SECTION = dict(initial=2, budget=3, strategy=dict(type='RandomSampling'))


def settings(**changes):
    return read_settings(dict(CONFIG, active_learning=dict(SECTION, **changes)))


def test_defaults():
    found = settings()
    assert (found.unit, found.start, found.threshold) == ('frames', 'scratch', 20.0)
    assert found.self_training is None and found.limits == {}
    found = settings(self_training=dict(num=4))
    assert found.self_training == (4, 'alternate', None)
    check_numbers(found)


@pytest.mark.parametrize('value', [0, -1, 5.5, True, '3', NAN, INF, [3]])
@pytest.mark.parametrize('key', ['initial', 'budget'])
def test_numbers_of_units_are_whole(key, value):
    with pytest.raises(ValueError, match=f'active_learning.{key} is .*; write a whole number'):
        settings(**{key: value})


@pytest.mark.parametrize('value', [0, -1.5, True, '20', NAN, INF, None, 10**400])
def test_the_threshold_is_a_finite_number(value):
    with pytest.raises(ValueError, match='active_learning.threshold is .*; write a finite number'):
        settings(threshold=value)


@pytest.mark.parametrize('name', ['rounds', 'labels', 'seconds_per_view', 'uncertainty'])
def test_limits_are_finite_numbers(name):
    """``limits=dict(labels=float('nan'))`` was accepted, and never stopped an experiment."""
    for value in (NAN, INF):
        with pytest.raises(ValueError, match=f'active_learning.limits.{name} is {value}'):
            settings(limits={name: value})


@pytest.mark.parametrize(
    'rules',
    [
        dict(num=0),
        dict(num=NAN),
        dict(num=INF),
        dict(num=2.5),
        dict(num='4'),
        dict(num=True),
        dict(num=4, min_views=1),
        dict(num=4, min_views=NAN),
        dict(num=4, min_views=2.5),
        dict(num=4, schedule='shrink'),
    ],
)
def test_numbers_of_self_training_are_whole(rules):
    with pytest.raises(ValueError, match='self_training: num is a whole number, at least 1'):
        read_self_training(rules, 'frames')


def test_self_training_is_for_frames_and_its_keys_are_known():
    assert read_self_training(dict(num=4, min_views=2), 'frames').min_views == 2
    with pytest.raises(ValueError, match="needs unit='frames'"):
        read_self_training(dict(num=4), 'images')
    with pytest.raises(ValueError, match="unknown keys .'min_view'."):
        read_self_training(dict(num=4, min_view=2), 'frames')
