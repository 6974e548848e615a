"""What a new query asks, and how its folder appears."""

import multiprocessing
import os
import os.path as osp

import pytest

from mmpose_al.active_learning import new_query
from mmpose_al.active_learning.annotators import AnswersPending
from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.query import load_queries, load_query
from mmpose_al.command_line import command_line
from tests.test_active_learning.people import ROUND, opened, snapshot


def test_what_a_query_holds(asked, tmp_path):
    annotator, pixels = asked
    query = load_query(annotator.folder, ROUND)
    assert query.units == [20, 0] and len(query.annotations) == 8
    entries = list(query.annotations.values())
    assert [e['unit'] for e in entries] == [20] * 4 + [0] * 4
    # of frame 0, the view whose hand is off comes first, and its hand is named
    worst = entries[4]
    assert worst['id'] == 2 and worst['view'] == 'cam2'
    assert worst['why']['outliers'] == ['left_hand']
    assert worst['why']['look_first'][0] == 'left_hand'
    assert worst['why']['joint_errors'][1] == pytest.approx(72, abs=15)  # (-60, 40)
    frames = {f['id']: f for f in annotator.pool.data['frames']}
    for image in query.images.values():
        frame = frames[image['frame_id']]
        told = (image['sequence'], image['index'], image['time'])
        assert told == (frame['sequence'], frame['index'], frame.get('time'))
    errors = [e['why']['reprojection_error'] for e in entries[4:]]
    assert errors == sorted(errors, reverse=True)
    folder = osp.join(annotator.folder, 'query', 'round_01')
    guide = open(osp.join(folder, 'README.md')).read()
    assert command_line('ingest') in guide and 'left_hand' in guide
    for image in query.images.values():
        source = osp.join(osp.dirname(annotator.pool.path), 'images', image['file'])
        with open(source, 'rb') as a, open(osp.join(folder, 'images', image['name']), 'rb') as b:
            assert a.read() == b.read()
        assert query.id in image['name']


def test_people_are_asked_only_about_what_training_reads(pool):
    path, _, views = pool
    chosen = load_pool(path, 'frames', cameras=['cam1', 'cam3'])
    content = new_query.build_query(chosen, ROUND, [20, 0], [3.0, 1.0], views)
    assert {e['view'] for e in content['annotations']} == {'cam1', 'cam3'}
    assert len(content['annotations']) == len(content['images']) == 4


def test_asking_again_changes_nothing(asked, pool):
    annotator, _ = asked
    before = snapshot(annotator.folder)
    stamp = os.stat(osp.join(annotator.folder, 'query', 'round_01')).st_mtime_ns
    annotator.ask(ROUND, [20, 0], [3.0, 1.0], pool[2])
    assert snapshot(annotator.folder) == before
    assert os.stat(osp.join(annotator.folder, 'query', 'round_01')).st_mtime_ns == stamp
    with pytest.raises(ValueError, match='asks for other frames'):
        annotator.ask(ROUND, [20, 10], [3.0, 1.0], pool[2])
    # the same question, elsewhere, is the same query
    other = opened(osp.join(annotator.folder, 'other'), annotator.pool.path)
    other.ask(ROUND, [20, 0], [3.0, 1.0], pool[2])
    assert snapshot(osp.join(other.folder, 'query', 'round_01', 'images')) == snapshot(
        osp.join(annotator.folder, 'query', 'round_01', 'images')
    )


def test_a_killed_query_leaves_nothing_half(pool, tmp_path, monkeypatch):
    path, _, views = pool
    annotator = opened(tmp_path / 'work', path)

    def killed():
        monkeypatch.setattr(new_query, 'write_checked', lambda *args: os._exit(9))
        annotator.ask(ROUND, [20], [1.0], views)

    process = multiprocessing.get_context('fork').Process(target=killed)
    process.start()
    process.join(60)
    assert process.exitcode == 9
    (left,) = os.listdir(str(tmp_path / 'work' / 'query'))
    assert left != 'round_01' and load_queries(annotator.folder) == []
    with pytest.raises(AnswersPending):
        annotator.answers(ROUND)
    annotator.ask(ROUND, [20], [1.0], views)
    assert os.listdir(str(tmp_path / 'work' / 'query')) == ['round_01']


@pytest.mark.parametrize('edge', [[1, 6], [0, 1], [1], '12', [1, 2.5], [1, True]])
def test_a_skeleton_with_an_edge_to_no_joint_is_named(pool, edge):
    path, _, views = pool
    loaded = load_pool(path, 'frames', on_bad='skip')
    category = dict(loaded.data['categories'][0], skeleton=[[1, 2], edge])
    data = dict(loaded.data, categories=[category])
    with pytest.raises(ValueError, match=r'field "skeleton\[1\]": is .* from 1 to 5'):
        new_query.build_query(loaded._replace(data=data), ROUND, [20], [1.0], views)
