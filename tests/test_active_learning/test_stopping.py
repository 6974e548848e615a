import pytest

from mmpose_al.active_learning.stopping import minutes_of, reached

ROUND = dict(labels=10, views=80, joints=1300, metrics={'pck/m': 1.0}, utilities=[5.0, 2.0])


@pytest.mark.parametrize(
    'limits, over',
    [
        (dict(), False),
        (dict(rounds=2), False),
        (dict(rounds=1), True),
        (dict(labels=10), True),
        (dict(labels=11), False),
        (dict(views=80), True),
        (dict(joints=1301), False),
        (dict(minutes=40, seconds_per_view=30), True),
        (dict(minutes=41), False),
        (dict(uncertainty=5.5), True),
        (dict(uncertainty=5.0), False),
        (dict(plateau=dict(metric='pck/m'), uncertainty=5.5), True),
    ],
)
def test_limits(limits, over):
    assert bool(reached(limits, [ROUND])) is over
    assert reached(limits, []) is None


def test_plateau():
    rounds = [dict(ROUND, metrics={'pck/m': v}) for v in (1, 5, 5.2, 5.3)]
    rule = dict(plateau=dict(metric='pck/m', rounds=2, min_gain=0.5))
    assert 'gained 0.3' in reached(rule, rounds)
    assert reached(rule, rounds[:3]) is None
    assert reached(rule, rounds[:2]) is None
    falling = [dict(ROUND, metrics={'pck/m': -v}) for v in (1, 5, 5.2, 5.3)]
    rule['plateau']['rule'] = 'less'
    assert 'gained' in reached(rule, falling)
    with pytest.raises(ValueError, match="'ap'"):
        reached(dict(plateau=dict(metric='ap')), rounds)
    with pytest.raises(ValueError, match='hours'):
        reached(dict(hours=3), rounds)
    with pytest.raises(ValueError, match="limits.labels is '300'"):
        reached(dict(labels='300'), [])


def test_an_error_that_falls_is_a_gain():
    rounds = [dict(ROUND, metrics={'multiview/MKPE': v}) for v in (200, 180, 160, 159.5)]
    limits = dict(plateau=dict(metric='multiview/MKPE', rounds=2, min_gain=25))
    assert reached(limits, rounds[:3]) is None
    assert 'gained 20.5' in reached(limits, rounds)


@pytest.mark.parametrize(
    'rule, words',
    [
        (dict(rounds=2), 'metric is missing'),
        (dict(metric='pck/m', rule='lower'), "rule is 'lower'; write one of greater, less"),
        (dict(metric='m'), "the name of the metric 'm' does not tell whether it is an error"),
        (dict(metric='pck/m', span=3), r"unknown keys \['span'\]"),
        (dict(metric='pck/m', rounds=0), 'rounds is 0'),
    ],
)
def test_a_plateau_that_cannot_be_watched_is_told_before_any_round(rule, words):
    with pytest.raises(ValueError, match=f'limits.plateau: {words}'):
        reached(dict(plateau=rule), [])


@pytest.mark.parametrize('rule', ['greater', 'less'])
@pytest.mark.parametrize(
    'values, over',
    [
        (['nan', 50, 50, 50], True),
        ([50, 'nan', 50, 'nan'], True),
        ([50, 50, 'inf', '-inf'], True),
        (['nan', 'nan', 50, 50], False),
        (['nan'] * 4, True),
    ],
)
def test_a_round_without_a_number_is_no_gain(rule, values, over):
    rounds = [dict(ROUND, metrics={'pck/m': float(v)}) for v in values]
    limits = dict(plateau=dict(metric='pck/m', rounds=2, min_gain=1, rule=rule))
    assert bool(reached(limits, rounds)) is over


NAN, INF = float('nan'), float('inf')


@pytest.mark.parametrize(
    'name', ['rounds', 'labels', 'views', 'joints', 'minutes', 'seconds_per_view', 'uncertainty']
)
@pytest.mark.parametrize('value', [NAN, INF, -INF, True, '300', [3], 10**400])
def test_a_limit_that_would_never_stop_is_refused(name, value):
    with pytest.raises(ValueError, match=f'limits.{name} is .*; write a finite number'):
        reached({name: value}, [])
    assert reached({name: None}, [ROUND]) is None


@pytest.mark.parametrize('value', [0, -30])
def test_an_annotation_takes_time(value):
    with pytest.raises(ValueError, match=f'seconds_per_view is {value}; write seconds, above 0'):
        reached(dict(minutes=40, seconds_per_view=value), [])


@pytest.mark.parametrize(
    'rule',
    [
        dict(rounds=NAN),
        dict(rounds=2.0),
        dict(rounds=True),
        dict(min_gain=NAN),
        dict(min_gain=INF),
        dict(min_gain='1'),
        dict(rounds=None),
    ],
)
def test_numbers_of_a_plateau_are_finite(rule):
    with pytest.raises(ValueError, match='limits.plateau: rounds is .* write a whole number'):
        reached(dict(plateau=dict(metric='pck/m', **rule)), [])


def test_minutes_as_they_were_measured():
    assert minutes_of(dict(views=6)) == 3  # 30 seconds a view
    assert minutes_of(dict(views=6), 20.0) == 2
    timed = dict(views=6, timed_views=4, label_seconds=40.0)
    assert minutes_of(timed) == 1  # 10 seconds a view, also for the others
    assert minutes_of(timed, 40.0) == 2
    round = dict(timed, labels=1, joints=1, metrics={}, utilities=None)
    assert reached(dict(minutes=1.1), [round]) is None
    assert reached(dict(minutes=1), [round]) == '1 minutes of annotation are spent'
