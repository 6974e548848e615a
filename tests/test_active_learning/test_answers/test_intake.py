"""Answers are taken whole or refused whole."""

import json
import multiprocessing
import os
import os.path as osp
import re
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from mmpose_al import fileio
from mmpose_al.active_learning.annotators import AnswersPending, FileAnnotator
from mmpose_al.active_learning.answers import ingest, intake, load_answers
from mmpose_al.active_learning.formats import AnswerError
from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.query import load_query
from mmpose_al.active_learning.state import new_state
from mmpose_al.command_line import command_line
from tests.test_active_learning.people import (
    FORMATS,
    ROUND,
    answer,
    as_a_tool,
    inside,
    labelled,
    opened,
    read,
    refused,
    snapshot,
    write,
    write_pool,
)


def test_the_answers_that_are_broken_below_are_good(answering, tmp_path):
    annotator, good = answering
    for fmt, data in good.items():
        done = ingest(annotator.folder, write(data, tmp_path / fmt, fmt), dry_run=True)
        assert (done.format, done.annotations) == (fmt, [0, 2])


def test_answers_of_a_closed_round_another_pool_and_no_query(answering, tmp_path):
    annotator, good = answering
    path = write(good['coco'], tmp_path / 'a.json', 'coco')
    with pytest.raises(AnswerError, match='holds no query'):
        ingest(str(tmp_path), path)
    pool = load_pool(annotator.pool.path, 'frames')
    work = tmp_path / 'work'
    again = opened(work, annotator.pool.path)
    again.ask(ROUND, [10, 0], [2.0, 1.0])
    closed = answer(read(work, 'coco'), 'coco', {0: [[9.0, 9.0]] * 5})
    path = write(closed, tmp_path / 'b.json', 'coco')
    # of the same pool, but another query
    refused(answering, path, "another project's export")
    state = new_state(str(work), pool, 'digest', 0)
    for number in (0, ROUND):
        state.finish(number, 'annotate', {})
    with pytest.raises(
        AnswerError,
        match='round 1, which is closed.*No query is open; '
        r'go on with\s*' + re.escape(command_line('train')),
    ) as told:
        ingest(str(work), path)
    assert 'Answer the query' not in str(told.value)
    again.ask(ROUND + 1, [0], [1.0])
    assert ingest(str(work), path).late == {ROUND: [0]}
    shutil.rmtree(str(work / 'query' / 'round_02'))
    state.rounds.pop()
    state.write()
    content = load_query(str(work), ROUND).content
    content['pool']['sha256'] = '0' * 64
    path_of_query = str(work / 'query' / 'round_01' / 'query.json')
    fileio.write_checked(path_of_query, fileio.to_json(content).encode())
    with pytest.raises(AnswerError, match='the pool has changed'):
        ingest(str(work), path)


@pytest.mark.parametrize('fmt', FORMATS)
def test_a_human_round(fmt, asked, tmp_path):
    annotator, pixels = asked
    with pytest.raises(AnswersPending) as told:
        annotator.answers(ROUND)
    text = str(told.value)
    assert osp.join(annotator.folder, 'query', 'round_01') in text
    assert f'{command_line("ingest", annotator.folder)} ' in text
    assert f'experiment_config.py --work-dir {annotator.folder}' in text

    # two views of frame 20 and one of frame 0; of that only the first two joints
    given = {i: pixels[i] for i in (80, 82, 1)}
    given[1] = np.where(np.arange(5)[:, None] < 2, pixels[1], np.nan)
    assert all(inside(points).all() for points in (given[80], given[82], given[1][:2]))
    data = answer(read(annotator.folder, fmt), fmt, given, visible=1)
    if fmt == 'cvat':
        data = as_a_tool(data)
    path = write(data, tmp_path / 'export', fmt)
    dry = ingest(annotator.folder, path, dry_run=True)
    assert not dry.written and not osp.exists(annotator.labels_file)
    done = ingest(annotator.folder, path)
    assert done.written and done._replace(written=False) == dry
    assert done.format == fmt and done.round == ROUND
    assert (done.units, done.views, done.joints) == ([20, 0], 3, 12)
    assert done.annotations == [1, 80, 82]
    assert {w.kind for w in done.warnings} <= {'outside'}  # the boxes are made up
    assert (done.asked, done.answered, done.replaced) == (8, 3, {})

    assert annotator.answers(ROUND) == [20, 0]
    assert annotator.cost() == dict(views=3, joints=12)
    labels, content = labelled(annotator.labels_file)
    assert sorted(labels) == [1, 80, 82]
    for number, points in given.items():
        seen = np.isfinite(points[:, 0])
        np.testing.assert_allclose(labels[number][seen, :2], points[seen], atol=2e-3)
        assert labels[number][:, 2].tolist() == np.where(seen, 1, 0).tolist()
    # nothing that the pool's own file says of joints is in it
    assert content['poses_3d'] == [] and len(content['annotations']) == 12
    assert len(content['images']) == 12 and len(content['cameras']) == 4
    assert all(set(a['keypoints']) == {0} for a in content['annotations'] if a['id'] not in labels)


def test_more_answers_are_added_and_the_latest_counts(asked, tmp_path):
    annotator, pixels = asked

    def give(name, given):
        data = answer(read(annotator.folder, 'coco'), 'coco', given)
        return ingest(annotator.folder, write(data, tmp_path / name, 'coco'))

    give('a.json', {80: pixels[80]})
    assert annotator.answers(ROUND) == [20]
    first = load_answers(annotator.folder, ROUND)['events']
    before = snapshot(annotator.folder)
    again = give('a.json', {80: pixels[80]})
    assert not again.written and snapshot(annotator.folder) == before
    moved = pixels[80] + 1
    assert give('b.json', {80: moved, 3: pixels[3]}).written
    events = load_answers(annotator.folder, ROUND)['events']
    assert events[:1] == first and len(events) == 2  # what was accepted stays
    labels, _ = labelled(annotator.labels_file)
    np.testing.assert_allclose(labels[80][:, :2], moved, atol=2e-3)
    assert annotator.answers(ROUND) == [20, 0]
    assert annotator.cost() == dict(views=2, joints=10)


@pytest.fixture
def others(asked, tmp_path, monkeypatch):
    """Starts other processes, each taking the answers to some persons, slowly."""
    annotator, pixels = asked
    context = multiprocessing.get_context('fork')
    check_labels, started = intake.check_labels, []

    def checked(*args):
        check_labels(*args)
        reached.set()

    def slow(*args):
        loaded.set()
        time.sleep(0.5)
        return [], []

    def take(path):
        monkeypatch.setattr(intake, 'check_labels', checked)
        monkeypatch.setattr(intake, 'look', slow)
        try:
            ingest(annotator.folder, path)
        except AnswerError as error:
            os._exit(3 if 'which is closed' in str(error) else 1)
        os._exit(0)

    def start(ids):
        data = answer(read(annotator.folder, 'coco'), 'coco', {i: pixels[i] for i in ids})
        path = write(data, tmp_path / f'{ids[0]}.json', 'coco')
        started.append(context.Process(target=take, args=(path,)))
        started[-1].start()
        return started[-1]

    reached, loaded = context.Event(), context.Event()
    start.reached, start.loaded = reached, loaded
    yield start
    for process in started:
        process.kill()


def status(process):
    process.join(60)
    return process.exitcode


def test_two_people_may_ingest_at_once(asked, others):
    annotator, _ = asked
    both = [others([80, 81]), others([2, 3])]
    assert [status(process) for process in both] == [0, 0]
    assert sorted(labelled(annotator.labels_file)[0]) == [2, 3, 80, 81]
    assert annotator.answers(ROUND) == [20, 0]


def test_training_begins_with_all_answers_or_refuses_them(asked, others):
    annotator, _ = asked
    state = new_state(annotator.folder, annotator.pool, 'digest', 0)

    first = others([80])
    assert others.loaded.wait(60)
    others.reached.clear()
    with annotator.locked():
        assert annotator.answers(ROUND) == [20]  # not without what is being written
        second = others([2])
        assert others.reached.wait(60)
        assert status(first) == 0
        state.finish(0, 'annotate', {})
        state.finish(ROUND, 'annotate', {})
    assert status(second) == 3
    assert sorted(labelled(annotator.labels_file)[0]) == [80]


def test_answers_that_take_all_joints_back_are_named(asked, tmp_path):
    annotator, pixels = asked

    def give(name, given, **options):
        data = answer(read(annotator.folder, 'coco'), 'coco', given)
        return ingest(annotator.folder, write(data, tmp_path / name, 'coco'), **options)

    nothing = np.full_like(pixels[2], np.nan)
    assert give('a.json', {80: pixels[80], 2: pixels[2], 3: nothing}).kept == []
    for dry_run in (True, False):
        done = give('b.json', {80: pixels[80] + 1, 2: nothing, 3: nothing}, dry_run=dry_run)
        assert (done.annotations, done.kept) == ([80], [2])
    assert sorted(labelled(annotator.labels_file)[0]) == [2, 80]


def test_what_nobody_touched_is_no_label(asked, tmp_path):
    annotator, pixels = asked
    data = read(annotator.folder, 'coco')
    before = snapshot(annotator.folder)
    path = write(data, tmp_path / 'same.json', 'coco')
    with pytest.raises(AnswerError, match='--accept-unchanged'):
        ingest(annotator.folder, path)
    assert snapshot(annotator.folder) == before
    # one is said to have been looked at, of one a joint was moved
    by_id = {a['id']: a for a in data['annotations']}
    by_id[81]['attributes']['reviewed'] = True
    by_id[2]['keypoints'][0] += 0.5
    done = ingest(annotator.folder, write(data, tmp_path / 'two.json', 'coco'))
    assert done.annotations == [2, 81] and len(done.unchanged) == 6
    assert ingest(annotator.folder, path, accept_unchanged=True).views == 8


def test_accepted_means_on_the_disk(asked, tmp_path, monkeypatch):
    """Answers are there whole after a power loss, and none is accepted that may be lost."""
    annotator, pixels = asked
    data = answer(read(annotator.folder, 'coco'), 'coco', {80: pixels[80]})
    path = write(data, tmp_path / 'a.json', 'coco')
    folder = osp.join(annotator.folder, 'answers')
    sync, synced = fileio.sync_folder, []
    monkeypatch.setattr(fileio, 'sync_folder', lambda each: [synced.append(each), sync(each)])
    assert ingest(annotator.folder, path, dry_run=True) and not synced
    assert ingest(annotator.folder, path).written
    after = synced[synced.index(folder) :]  # the answers, then labels.json and its checksum
    assert folder in after and set(after[after.index(annotator.folder) :]) == {annotator.folder}

    def fails(folder):
        raise OSError(5, 'Input/output error', folder)

    data = answer(read(annotator.folder, 'coco'), 'coco', {2: pixels[2]})
    path = write(data, tmp_path / 'b.json', 'coco')
    with monkeypatch.context() as patch:
        patch.setattr(fileio, 'sync_folder', fails)
        with pytest.raises(OSError, match='Input/output error'):
            ingest(annotator.folder, path)
    assert sorted(labelled(annotator.labels_file)[0]) == [80]
    ingest(annotator.folder, path)  # they may be there already
    assert sorted(labelled(annotator.labels_file)[0]) == [2, 80]


def test_what_a_killed_process_left_half_is_taken_away(asked, tmp_path):
    annotator, pixels = asked
    left = f'round_01.json.{fileio._HOST}-{2**22 + 1}-abcdef-0.tmp'
    os.makedirs(osp.join(annotator.folder, 'answers'))
    for name in (left, osp.join('answers', left)):
        (tmp_path / 'work' / name).write_text('{"format": "mmpo')
    data = answer(read(annotator.folder, 'coco'), 'coco', {80: pixels[80]})
    path = write(data, tmp_path / 'a.json', 'coco')
    ingest(annotator.folder, path, dry_run=True)
    assert left in os.listdir(annotator.folder)  # nothing is written, nothing is removed
    ingest(annotator.folder, path)
    assert left not in os.listdir(annotator.folder)
    kept = sorted(os.listdir(osp.join(annotator.folder, 'answers')))
    assert kept == ['round_01.json', 'round_01.json.sha256']


def test_the_copy_of_a_person_in_another_image_is_no_label(asked, tmp_path):
    annotator, pixels = asked
    given = {80: pixels[80], 81: pixels[80], 2: pixels[2]}
    data = answer(read(annotator.folder, 'coco'), 'coco', given)

    def give(**options):
        path = write(data, tmp_path / 'a.json', 'coco')
        return ingest(annotator.folder, path, dry_run=True, **options)

    done = give()
    ((what, entries),) = done.passed_over.items()
    assert [a['id'] for a in data['annotations'][:2]] == [81, 80]  # the first one counts
    assert done.annotations == [2, 81] and 'unchanged copies' in what
    assert entries == ['annotations[1] (id 80)']
    assert give(accept_unchanged=True).annotations == [2, 80, 81]
    data['annotations'][1]['keypoints'][0] += 0.01
    assert give().annotations == [2, 80, 81]
    data['annotations'][1]['keypoints'][0] -= 0.01
    data['annotations'][1]['attributes']['reviewed'] = True
    assert give().annotations == [2, 80, 81]
    # two joints may meet by chance
    given = {i: np.where(np.arange(5)[:, None] < 2, pixels[80], np.nan) for i in (80, 81)}
    data = answer(read(annotator.folder, 'coco'), 'coco', given)
    assert give().annotations == [80, 81] and give().passed_over == {}


def test_what_was_passed_over_is_said_where_nothing_else_is_left(asked, tmp_path):
    annotator, pixels = asked
    data = answer(read(annotator.folder, 'coco'), 'coco', {80: pixels[80]})
    data['annotations'][0]['attributes']['keyframe'] = False
    path = write(data, tmp_path / 'a.json', 'coco')
    with pytest.raises(AnswerError, match='labels no joint.*1 passed over: persons whom the tool'):
        ingest(annotator.folder, path)


def test_a_pool_without_cameras_needs_no_pytorch(tmp_path):
    """In a command; with cameras the clicks are triangulated, which does."""
    path, pixels, _ = write_pool(tmp_path / 'data')
    with open(path) as file:
        data = json.load(file)
    data.update(cameras=[], frames=[], poses_3d=[])
    for image in data['images']:
        del image['frame_id'], image['camera_id']
    with open(path, 'w') as file:
        json.dump(data, file)
    annotator = FileAnnotator(formats=['coco'])
    annotator.open(str(tmp_path / 'work'), load_pool(path, 'images'))
    annotator.ask(ROUND, [80, 2], [1.0, 0.5])
    given = answer(read(annotator.folder, 'coco'), 'coco', {80: pixels[80]})
    answers = write(given, tmp_path / 'a.json', 'coco')
    code = (
        'import sys\n'
        "sys.argv = ['mmpose-al']\n"
        'from mmpose_al.active_learning.answers import ingest\n'
        f'done = ingest({annotator.folder!r}, {answers!r})\n'
        'heavy = {"torch", "mmpose", "mmcv", "cv2", "scipy"}\n'
        'print(done.written, done.units, sorted(heavy & set(sys.modules)))\n'
    )
    root = osp.abspath(osp.join(osp.dirname(__file__), '..', '..', '..'))
    said = subprocess.run(
        [sys.executable, '-c', code], cwd=root, capture_output=True, text=True, check=True
    )
    assert said.stdout.split('\n')[0] == 'True [80] []'


def test_the_pool_is_read_once(asked, tmp_path, monkeypatch):
    annotator, pixels = asked
    data = answer(read(annotator.folder, 'coco'), 'coco', {80: pixels[80]})
    path = write(data, tmp_path / 'a.json', 'coco')
    names, original = [], open
    monkeypatch.setattr(
        'builtins.open', lambda file, *args, **kw: names.append(file) or original(file, *args, **kw)
    )
    assert ingest(annotator.folder, path).written
    monkeypatch.undo()
    assert names.count(annotator.pool.path) == 1


def test_what_each_of_several_people_said_is_kept(asked, tmp_path):
    """Anna and Ben about one person, Ben alone about another; Ben's, the later, counts."""
    annotator, pixels = asked
    data = answer(read(annotator.folder, 'label_studio'), 'label_studio', pixels)
    first, second = [task for task in data if task['annotations']][:2]
    times = dict(anna='2026-03-02T09:00:00Z', ben='2026-03-02T10:00:00Z')
    (given,) = first['annotations']
    first['annotations'] = [dict(given, completed_by=n, updated_at=at) for n, at in times.items()]
    second['annotations'][0].update(completed_by='ben', updated_at=times['ben'])
    kept = [first, second]
    ingest(annotator.folder, write(kept, tmp_path / 'a.json', 'label_studio'))
    (event,) = load_answers(annotator.folder, ROUND)['events']
    ids = [task['data']['annotation_id'] for task in kept]
    assert {entry['id']: entry['by'] for entry in event['annotations']} == dict.fromkeys(ids, 'ben')
    assert [(e['id'], e['by'], e['at']) for e in event['several']] == [
        (ids[0], name, at) for name, at in times.items()
    ]
