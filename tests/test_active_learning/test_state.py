"""The state of an experiment: added to, never half, and only of its own experiment."""

import json
import os
import random

import numpy as np
import pytest

from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.state import (
    LINES,
    State,
    StateError,
    WritableState,
    check_state,
    load_state,
    new_state,
    read_state,
)

from .states import writable

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
    again.add_labels(2, [4], 'somebody', [1])
    again.finish(2, 'annotate', dict(labels=3))
    back = writable(load_state(str(tmp_path)))
    assert back.labeled() == [2, 3, 4] and back.labeled(until=1) == [1, 2, 3]
    assert back.labeled_by('somebody') == [2, 3, 4] and back.labeled_by('nobody') == []
    back.add_labels(3, [1], 'somebody')  # it is asked for again
    assert back.labeled() == [1, 2, 3, 4]
    check_state(again, pool, 'digest', 3)
    for change, words in ((('other', 3), 'config'), (('digest', 4), 'seed')):
        with pytest.raises(StateError, match=words):
            check_state(again, pool, *change)
    with pytest.raises(StateError, match=r"config \(\['active_learning.budget'\]\)"):
        check_state(again, pool, 'other', 3, ['active_learning.budget'])
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
    assert 'NaN' not in text and 'Infinity' not in text and json.loads(text)
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


def begun(folder, pool_file, rounds=3):
    """A state with some rounds; its file has a line a stage."""
    state = new_state(str(folder), load_pool(pool_file, 'frames'), 'digest', 0)
    state.write()
    for number in range(rounds):
        state.add_labels(number, [number + 1], 'somebody')
        state.finish(number, 'annotate', dict(labels=number + 1, views=8, joints=17))
        path = f'round_{number:02d}/iter_2.pth'
        state.finish(number, 'train', dict(checkpoint=path, steps=2, metrics={'m': 0.5}))
        state.finish(number, 'select', dict(strategy='X', ids=[number + 2], utilities=[1.0]))
    state.end('enough')
    return state


def test_a_stage_adds_a_line_and_a_start_makes_one_of_them(pool_file, tmp_path):
    state = begun(tmp_path, pool_file)
    path = tmp_path / FILE
    assert path.read_text().count('\n') == 1 + 3 * 3 + 1
    again = load_state(str(tmp_path))
    assert again.content == state.content and again.content['finished'] == 'enough'
    writable(again).write()
    assert path.read_text().count('\n') == 1
    assert load_state(str(tmp_path)).content == state.content
    assert read_state(str(tmp_path / 'active_learning.previous.json')) == state.content


def test_lines_are_made_into_one_when_they_have_grown(pool_file, tmp_path):
    state = new_state(str(tmp_path), load_pool(pool_file, 'frames'), 'digest', 0)
    state.write()
    written = 0
    for number in range(60):
        before = os.path.getsize(str(tmp_path / FILE))
        state.finish(number, 'annotate', dict(labels=number, note='x' * 5000))
        after = os.path.getsize(str(tmp_path / FILE))
        written += after - before if after > before else after
        assert load_state(str(tmp_path)).content == state.content
    whole = os.path.getsize(str(tmp_path / FILE))
    assert written < 5 * (whole + LINES)  # anew after every stage, it would be 30 times
    assert (tmp_path / FILE).read_text().count('\n') < 60


def test_whoever_wrote_meanwhile_is_not_written_over_unseen(pool_file, tmp_path):
    state = begun(tmp_path, pool_file)
    writable(load_state(str(tmp_path))).end(None)
    with pytest.raises(ValueError, match='somebody else wrote'):
        state.end('enough')


def test_a_torn_line_is_a_stage_that_was_not_finished(pool_file, tmp_path):
    begun(tmp_path, pool_file)
    path = tmp_path / FILE
    raw = path.read_bytes()
    path.write_bytes(raw[:-20])
    state = writable(load_state(str(tmp_path)))
    assert state.content['finished'] is None and len(state.rounds) == 3
    state.end('now')
    assert load_state(str(tmp_path)).content['finished'] == 'now'


def test_every_flip_of_a_bit_in_the_state_is_refused(pool_file, tmp_path):
    begun(tmp_path, pool_file)
    path, rng = tmp_path / FILE, random.Random(1)
    raw = path.read_bytes()
    for bit in rng.sample(range(8 * len(raw)), 1000):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bytes(flipped))
        with pytest.raises(StateError, match='doctor'):
            load_state(str(tmp_path))


def test_the_state_of_an_older_version_is_read_and_becomes_lines(pool_file, tmp_path):
    content = json.loads(json.dumps(begun(tmp_path, pool_file).content))
    (tmp_path / FILE).write_text(json.dumps(dict(content, version=1), indent=1))
    state = load_state(str(tmp_path))
    assert state.rounds == content['rounds'] and state.labeled() == [1, 2, 3]
    writable(state).write()
    assert load_state(str(tmp_path)).content == content
    (tmp_path / FILE).write_text(json.dumps(content))  # and not the other way round
    with pytest.raises(StateError, match='lost their checksums'):
        load_state(str(tmp_path))


def test_units_that_the_pool_does_not_have_are_named(pool_file, tmp_path):
    pool = load_pool(pool_file, 'frames')
    state = begun(tmp_path, pool_file)
    check_state(state, pool, 'digest', 0)
    state.content['labeled'][1]['ids'] = [987654]
    with pytest.raises(StateError, match=r'labeled\[1\], field "ids": the pool has no unit 987654'):
        check_state(state, pool, 'digest', 0)
    assert isinstance(state, WritableState)
