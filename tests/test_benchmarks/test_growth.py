"""What the growth of a round is measured on, and how."""

import json
import os.path as osp
import time

import pytest

from benchmarks import growth
from mmpose_al.active_learning.query import load_queries
from mmpose_al.active_learning.state import load_state


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Files of 20 frames, an experiment, and the pool."""
    for name, value in dict(ANSWERS=8, ROUNDS=4, PICKS=3, FEATURES=4).items():
        monkeypatch.setattr(growth, name, value)
    files, work = str(tmp_path / 'files'), str(tmp_path / 'work')
    growth.make_files(files, 20)
    growth.prepare(files, work)
    return files, work, growth.read(files)


def test_every_step_does_something(small):
    files, work, pool = small
    done = {part: growth.ready(part, files, work, pool) for part in growth.PARTS}
    assert done['load']().units.tolist() == list(range(20))
    taken = done['ingest']()
    assert taken.annotations == list(range(8)) and taken.asked == 8 and not taken.unchanged
    done['query']()
    assert [len(query.units) for query in load_queries(work)] == [2, 2]
    assert done['state']() == 20 and len(load_state(osp.join(work, 'state')).rounds) == 4
    for name in growth.STRATEGIES:
        growth.make_scores(name, files, work)
        assert len(set(done[name]().ids)) == 3, name


def test_a_pool_that_is_smaller_than_the_answers(tmp_path):
    """All of it is asked for."""
    files, work = str(tmp_path / 'files'), str(tmp_path / 'work')
    growth.make_files(files, 100)
    growth.prepare(files, work)
    pool = growth.read(files)
    assert len(growth.ready('ingest', files, work, pool)().annotations) == 400
    growth.ready('query', files, work, pool)()
    assert [len(query.units) for query in load_queries(work)] == [100, 100]


def test_a_step_has_a_process_of_its_own():
    assert json.loads(growth.forked(lambda: dict(a=1), 60)) == dict(a=1)
    assert growth.forked(lambda: 1 / 0, 60) == 'null'
    start = time.monotonic()
    assert growth.forked(lambda: time.sleep(60), 1) == 'null' and time.monotonic() - start < 50
    assert growth.measure(lambda: bytearray(300 * 2**20))['gb'] > 0.3


def test_laws():
    """Ten times as many: a hundred times as long, and 2 GB more for 9,000 more."""
    rows = [
        dict(part='a', version='now', frames=1000, cpu=1.0, gb=1.0),
        dict(part='b', version='now', frames=1000, cpu=5.0, gb=1.0),
        dict(part='a', version='now', frames=10_000, cpu=100.0, gb=3.0),
        dict(part='b', version='now', frames=10_000),  # it took too long
    ]
    law = growth.laws(rows)
    assert list(law) == ['a now'] and law['a now']['exponent'] == 2
    assert law['a now']['estimated'] == dict(frames=100_000, cpu=10_000.0, gb=23.0)


def test_a_later_run_takes_the_place_of_its_own_rows_alone():
    common = dict(part='load', cpu=1.0, gb=1.0, load_average=0.5)
    old = [dict(common, version=v, frames=n) for n in (1000, 10_000) for v in ('before', 'now')]
    old.append(dict(common, part='ingest', version='now', frames=1000, load_average=9.0))
    new = [dict(common, version='now', frames=10_000, cpu=10.0, machine='B')]
    new.insert(0, dict(common, part='query', version='now', frames=1000, machine='B'))
    result = growth.merged(
        dict(command='a', machine='A', rows=old, law={}), dict(command='b', machine='B', rows=new)
    )
    assert result['command'] == 'a; then b'
    assert [(r['part'], r['frames'], r['version'], r['machine']) for r in result['rows']] == [
        ('load', 1000, 'before', 'A'),
        ('load', 1000, 'now', 'A'),
        ('load', 10_000, 'before', 'A'),
        ('load', 10_000, 'now', 'B'),
        ('ingest', 1000, 'now', 'A'),
        ('query', 1000, 'now', 'B'),
    ]
    assert (
        result['law']['load now']['exponent'] == 1 and result['law']['load before']['exponent'] == 0
    )
    last = growth.table(result).splitlines()[-1]
    assert last == 'Processor seconds and peak memory, before → now. A, B; load 0.5 to 9.'


def test_the_table_has_a_row_for_each_step_and_a_cell_for_each_size():
    common = dict(cpu=1.0, gb=1.0, load_average=0.5)
    rows = [
        dict(common, part='load', version='before', frames=1000, cpu=4.0),
        dict(common, part='load', version='now', frames=1000),
        dict(part='Diverse', version='before', frames=1000, load_average=2.0),  # there was none
        dict(common, part='load', version='now', frames=10_000, cpu=10.0, gb=2.0),
        dict(common, part='Diverse', version='now', frames=10_000),
    ]
    table = growth.table(dict(rows=rows, law=growth.laws(rows), machine='A (1 core)'))
    assert table.splitlines() == [
        '| step | 1,000 frames | 10,000 frames | law | 100,000, estimated |',
        '| --- | --- | --- | --- | --- |',
        '| read the file | 4.0 → 1.0 s, 1.0 → 1.0 GB | 10.0 s, 2.0 GB | 1.0 | 100 s, 12 GB |',
        '| `Diverse` |  | 1.0 s, 1.0 GB |  |  |',
        '',
        'Processor seconds and peak memory, before → now. A (1 core); load 0.5 to 2.',
    ]
