"""The state of an experiment: added to, never half, and only of its own experiment."""

import numpy as np
import pytest

from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.state import (
    State,
    StateError,
    check_state,
    load_state,
    new_state,
    writable,
)

FILE = 'active_learning.json'


@pytest.fixture(scope='module')
def pool_file(tmp_path_factory):
    from mmpose_al.synthetic import write_benchmark

    folder = tmp_path_factory.mktemp('pool')
    write_benchmark(str(folder), 'tiny', workers=1)
    return str(folder / 'train.json')


def test_state_is_appended_to_and_refuses_strangers(pool_file, tmp_path):
    pool = load_pool(pool_file, 'frames')
    assert load_state(str(tmp_path)) is None
    state = new_state(str(tmp_path), pool, 'digest', 3)
    state.add_labels(0, [2, 1], 'somebody')
    state.finish(0, 'annotate', dict(labels=2))
    again = writable(load_state(str(tmp_path)))
    assert again.labeled() == [1, 2] and again.stage(0, 'annotate') == dict(labels=2)
    assert again.stage(0, 'train') is None and again.stage(7, 'train') is None
    again.add_labels(1, [3], 'somebody')
    assert again.labeled(until=0) == [1, 2] and again.labeled() == [1, 2, 3]
    with pytest.raises(StateError, match=r'\[3\] are labelled already'):
        again.add_labels(2, [3, 4], 'somebody')
    check_state(again, pool, 'digest', 3)
    for change, words in ((('other', 3), 'config'), (('digest', 4), 'seed')):
        with pytest.raises(StateError, match=words):
            check_state(again, pool, *change)
    with pytest.raises(StateError, match='pool is not'):
        check_state(again, pool._replace(sha256='0'), 'digest', 3)


@pytest.mark.parametrize(
    'text', ['{"format": "mmpose_al-act', '[]', '{}', '{"format": "other", "version": 1}']
)
def test_a_broken_state_is_named(text, tmp_path):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(StateError, match=FILE):
        load_state(str(tmp_path))


def test_the_state_is_plain_json_whatever_the_metrics(pool_file, tmp_path):
    state = new_state(str(tmp_path), load_pool(pool_file, 'frames'), 'digest', 0)
    metrics = dict(a=float('nan'), b=float('inf'), c=1.5)
    state.finish(0, 'train', dict(metrics=metrics, checkpoint=None))
    text = (tmp_path / FILE).read_text()
    assert 'NaN' not in text and 'Infinity' not in text
    again = load_state(str(tmp_path)).stage(0, 'train')
    assert again['checkpoint'] is None
    assert again['metrics'] == pytest.approx(dict(a=np.nan, b=np.nan, c=1.5), nan_ok=True)
    assert state.stage(0, 'train')['metrics'] == metrics  # still as it was


def test_who_reads_the_state_cannot_write_it(pool_file, tmp_path):
    new_state(str(tmp_path), load_pool(pool_file, 'frames'), 'digest', 0).write()
    state = load_state(str(tmp_path))
    assert type(state) is State
    for name in ('write', 'finish', 'note', 'add_labels'):
        assert not hasattr(state, name)
