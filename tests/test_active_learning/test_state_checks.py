"""Edits of a state by hand: each is named by its entry."""

import copy
import json

import pytest

from mmpose_al.active_learning.state import StateError, load_state
from mmpose_al.active_learning.state_checks import state_faults, stranger_faults

CONTENT = dict(
    format='mmpose_al-active-learning',
    version=1,
    config_digest='0' * 16,
    seed=0,
    unit='frames',
    finished=None,
    pool=dict(file='pool.json', sha256='0' * 64, units=9),
    labeled=[dict(round=0, by='x', ids=[1, 2]), dict(round=1, by='x', ids=[3])],
    rounds=[
        dict(
            round=number,
            stages=dict(
                annotate=dict(labels=2, views=8, joints=17),
                train=dict(checkpoint='round_00/iter_2.pth', metrics={'m': None, 'n': 0.5}),
                score=dict(file='round_00/scores.npz', views=8),
                select=dict(strategy='X', ids=[3], utilities=[0.5]),
                pseudo={},
            ),
        )
        for number in range(2)
    ],
)
STAGES = ('rounds', 0, 'stages')


def edited(path, value):
    content = copy.deepcopy(CONTENT)
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return content


def test_what_the_runner_writes_is_right():
    assert list(state_faults(CONTENT)) == []
    assert list(stranger_faults(CONTENT, range(9))) == []
    content = edited(('labeled', 1, 'withdrawn'), [2])
    content['labeled'].append(dict(round=2, by='x', ids=[2]))
    assert list(state_faults(content)) == []
    found = [tuple(fault) for fault in stranger_faults(CONTENT, [1, 2])]
    assert found[0] == ('labeled[1]', 'ids', 'the pool has no unit 3')
    assert found[1][0] == 'select of round 0'


@pytest.mark.parametrize(
    'path, value, entry, field, words',
    [
        (('labeled', 1, 'ids'), [2], 'labeled[1]', 'ids', 'labelled twice, first in labeled[0]'),
        (('labeled', 1, 'ids'), [3, 3], 'labeled[1]', 'ids', 'unit 3 is labelled twice'),
        (('labeled', 1, 'withdrawn'), [9], 'labeled[1]', 'withdrawn', 'labelled before'),
        (('labeled', 1, 'withdrawn'), None, 'labeled[1]', 'withdrawn', 'no list of units'),
        (('labeled', 1, 'ids'), ['3'], 'labeled[1]', 'ids', 'no list of whole numbers'),
        (('labeled', 1, 'round'), -1, 'labeled[1]', 'round', 'no number of a round'),
        (('rounds', 1, 'round'), 2, 'rounds[1]', 'round', 'round 1 is missing here'),
        ((*STAGES, 'trian'), {}, 'round 0', 'stages', 'a round has annotate, train'),
        ((*STAGES, 'train'), [], 'train of round 0', 'result', 'no object'),
        (
            (*STAGES, 'train', 'checkpoint'),
            '../../etc/x.pth',
            'train of round 0',
            'checkpoint',
            'leads out',
        ),
        ((*STAGES, 'score', 'file'), '/etc/x.npz', 'score of round 0', 'file', 'leads out'),
        (
            (*STAGES, 'train', 'metrics', 'n'),
            float('nan'),
            'train of round 0',
            'metrics.n',
            'no finite number',
        ),
        ((*STAGES, 'annotate', 'labels'), 1.5, 'annotate of round 0', 'labels', 'no count'),
        ((*STAGES, 'select', 'utilities'), [], 'select of round 0', 'utilities', 'for each unit'),
        ((*STAGES, 'select', 'ids'), [3, 3], 'select of round 0', 'ids', 'different whole numbers'),
        (('unit',), 'people', 'state', 'unit', "is 'people'"),
        (('pool', 'units'), '9', 'pool', 'units', "is '9'"),
        (('rounds',), {}, 'state', 'rounds', 'is {}'),
    ],
)
def test_an_edit_is_named(path, value, entry, field, words, tmp_path):
    content = edited(path, value)
    fault = next(state_faults(content))
    assert fault[:2] == (entry, field) and words in fault.problem
    (tmp_path / 'active_learning.json').write_text(json.dumps(content))
    with pytest.raises(StateError) as told:
        load_state(str(tmp_path))
    assert f'active_learning.json: {entry}, field "{field}": ' in str(told.value)
    assert 'doctor' in str(told.value)
