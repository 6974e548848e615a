"""The file annotator: a human round by files, in each of the three formats."""

import json
import multiprocessing
import os
import os.path as osp
import shutil
import time
import xml.etree.ElementTree as ElementTree
import zipfile

import numpy as np
import pytest

from mmpose_al.active_learning import new_query
from mmpose_al.active_learning.annotators import AnswersPending, FileAnnotator
from mmpose_al.active_learning.answers import LABELS_FILE, answers_file, ingest, intake
from mmpose_al.active_learning.answers.labels import update_labels
from mmpose_al.active_learning.formats import AnswerError
from mmpose_al.active_learning.pool import load_pool, new_state
from mmpose_al.active_learning.query import NAME, load_query
from mmpose_al.active_learning.registry import ANNOTATORS
from mmpose_al.datasets.format import load_multiview
from tests.test_active_learning.people import (
    NAMES,
    ROUND,
    answer,
    as_a_tool,
    drawn,
    inside,
    opened,
    read,
    snapshot,
    write,
    write_pool,
)

FORMATS = ('coco', 'cvat', 'label_studio')
ROOT = osp.abspath(osp.join(osp.dirname(__file__), '..', '..'))
LSPET = osp.abspath(osp.join(ROOT, '../shared/data/lspet'))
HANDS = osp.abspath(osp.join(ROOT, '../shared/data/crumbs/interhand2.6m'))


@pytest.fixture
def pool(tmp_path):
    return write_pool(tmp_path / 'data')


@pytest.fixture
def asked(pool, tmp_path):
    """A query for frames 20 and 0, with predictions."""
    path, pixels, views = pool
    annotator = opened(tmp_path / 'work', path)
    annotator.ask(ROUND, [20, 0], [3.0, 1.0], views)
    return annotator, pixels


def labelled(path):
    data = load_multiview(path)
    return {
        a['id']: np.array(a['keypoints']).reshape(-1, 3)
        for a in data['annotations']
        if a['num_keypoints']
    }, data


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
    errors = [e['why']['reprojection_error'] for e in entries[4:]]
    assert errors == sorted(errors, reverse=True)
    folder = osp.join(annotator.folder, 'query', 'round_01')
    guide = open(osp.join(folder, 'README.md')).read()
    assert 'tools/active_learning.py ingest' in guide and 'left_hand' in guide
    for image in query.images.values():
        source = osp.join(osp.dirname(annotator.pool.path), 'images', image['file'])
        with open(source, 'rb') as a, open(osp.join(folder, 'images', image['name']), 'rb') as b:
            assert a.read() == b.read()
        assert query.id in image['name']


def test_the_three_formats_say_the_same(asked):
    annotator, _ = asked
    query = load_query(annotator.folder, ROUND)
    coco, cvat, tasks = (read(annotator.folder, f) for f in FORMATS)
    assert len(coco['annotations']) == len(cvat['annotations']) == len(tasks) == 8
    for ours, theirs, task in zip(coco['annotations'], cvat['annotations'], tasks):
        prediction = np.array(query.annotations[ours['id']]['prediction'])
        seen = prediction[:, 2] > 0
        points = np.array(ours['keypoints']).reshape(-1, 3)
        assert points[:, 2].tolist() == np.where(seen, 2, 0).tolist()
        np.testing.assert_allclose(points[seen, :2], prediction[seen, :2], atol=1e-3)
        assert ours['num_keypoints'] == seen.sum() and ours['id'] == theirs['id']
        assert ours['keypoint_scores'] == prediction[:, 2].tolist()
        # annotation tools measure from the corner of the first pixel
        corner = np.array(theirs['keypoints']).reshape(-1, 3)
        np.testing.assert_allclose(corner[seen, :2], points[seen, :2] + 0.5, atol=2e-3)
        assert theirs['bbox'][0] == ours['bbox'][0] + 0.5
        regions = {
            r['value']['keypointlabels'][0]: r
            for r in task['predictions'][0]['result']
            if 'score' in r
        }
        assert sorted(regions) == sorted(np.array(NAMES)[seen])
        for k in np.flatnonzero(seen):
            value = regions[NAMES[k]]['value']
            assert value['x'] == pytest.approx(corner[k, 0] / 640 * 100, abs=1e-3)
            assert value['y'] == pytest.approx(corner[k, 1] / 480 * 100, abs=1e-3)
        assert task['data']['annotation_id'] == ours['id']
    assert cvat['categories'][0]['keypoints'] == NAMES
    assert cvat['categories'][0]['skeleton'] == [[1, 2], [1, 3]]
    folder = query.folder
    with zipfile.ZipFile(osp.join(folder, 'cvat_keypoints.zip')) as archive:
        names = archive.namelist()
        assert names[0] == 'annotations/person_keypoints_default.json'
        assert sorted(names[1:]) == sorted(
            f'images/default/{i["name"]}' for i in query.images.values()
        )
        assert archive.testzip() is None
    config = ElementTree.parse(osp.join(folder, 'label_studio_config.xml')).getroot()
    assert [x.get('value') for x in config.find('KeyPointLabels')] == NAMES
    (label,) = json.load(open(osp.join(folder, 'cvat_labels.json')))
    assert [s['name'] for s in label['sublabels']] == NAMES
    svg = ElementTree.fromstring(f'<svg>{label["svg"]}</svg>')
    assert len(svg.findall('circle')) == 5 and len(svg.findall('line')) == 2


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

    def killed(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(new_query, 'write_json', killed)
        patch.setattr(shutil, 'rmtree', lambda *args, **kwargs: None)  # no clean-up
        with pytest.raises(KeyboardInterrupt):
            annotator.ask(ROUND, [20], [1.0], views)
    left = os.listdir(str(tmp_path / 'work' / 'query'))
    assert len(left) == 1 and left[0].startswith('.')
    with pytest.raises(AnswersPending):
        annotator.answers(ROUND)
    annotator.ask(ROUND, [20], [1.0], views)
    assert os.listdir(str(tmp_path / 'work' / 'query')) == ['round_01']


@pytest.mark.parametrize('fmt', FORMATS)
def test_a_human_round(fmt, asked, tmp_path):
    annotator, pixels = asked
    with pytest.raises(AnswersPending) as told:
        annotator.answers(ROUND)
    text = str(told.value)
    assert osp.join(annotator.folder, 'query', 'round_01') in text
    assert f'python tools/active_learning.py ingest {annotator.folder} ' in text
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
    assert done.annotations == [1, 80, 82] and done.warnings == []

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


def test_labels_are_a_function_of_the_answers(asked, tmp_path):
    annotator, pixels = asked
    data = answer(read(annotator.folder, 'coco'), 'coco', {80: pixels[80]})
    ingest(annotator.folder, write(data, tmp_path / 'a.json', 'coco'))
    path = osp.join(annotator.folder, LABELS_FILE)
    before = open(path, 'rb').read()
    stamp = os.stat(path).st_mtime_ns
    update_labels(annotator.folder, annotator.pool)
    assert os.stat(path).st_mtime_ns == stamp  # not even written again
    os.remove(path)
    annotator.answers(ROUND)  # an ingest that was killed between the two files
    assert open(path, 'rb').read() == before


def test_more_answers_are_added_and_the_latest_counts(asked, tmp_path):
    annotator, pixels = asked

    def give(name, given):
        data = answer(read(annotator.folder, 'coco'), 'coco', given)
        return ingest(annotator.folder, write(data, tmp_path / name, 'coco'))

    give('a.json', {80: pixels[80]})
    assert annotator.answers(ROUND) == [20]
    first = json.load(open(answers_file(annotator.folder, ROUND)))['events']
    before = snapshot(annotator.folder)
    again = give('a.json', {80: pixels[80]})
    assert not again.written and snapshot(annotator.folder) == before
    moved = pixels[80] + 1
    assert give('b.json', {80: moved, 3: pixels[3]}).written
    events = json.load(open(answers_file(annotator.folder, ROUND)))['events']
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
        return []

    def take(path):
        monkeypatch.setattr(intake, 'check_labels', checked)
        monkeypatch.setattr(intake, 'warnings_of', slow)
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


def test_outlier_clicks_are_warned_of(asked, tmp_path):
    annotator, pixels = asked
    given = {i: pixels[i].copy() for i in (80, 81, 82, 83)}
    given[82][3] += [-70, 0]
    given[80][4] = given[81][4] = np.nan
    given[82][4] = pixels[82][4] + [0, -90]  # two views that do not meet
    data = answer(read(annotator.folder, 'coco'), 'coco', given)
    done = ingest(annotator.folder, write(data, tmp_path / 'a.json', 'coco'))
    assert done.written and len(done.warnings) == 2
    assert 'left_foot in cam2 (annotation 82) is 70 px' in done.warnings[0]
    assert done.warnings[0].startswith('frame 20, person 0')
    assert 'right_foot do not meet: cam2 (annotation 82), cam3 (annotation 83)' in done.warnings[1]
    (event,) = json.load(open(answers_file(annotator.folder, ROUND)))['events']
    assert event['warnings'] == done.warnings


def test_two_persons_of_an_image_are_told_apart(tmp_path):
    path, pixels, _ = write_pool(tmp_path / 'data', 1, persons=2)
    annotator = opened(tmp_path / 'work', path, images='none')
    annotator.ask(ROUND, [0], [1.0])
    data = read(annotator.folder, 'coco')
    assert len(data['annotations']) == 8
    assert all(not any(a['keypoints']) for a in data['annotations'])
    assert read(annotator.folder, 'cvat')['annotations'] == []  # drawn anew there
    left, right = np.full((5, 2), 100.0), np.full((5, 2), 400.0)
    given = {1: left, 1001: right}
    export = as_a_tool(answer(data, 'coco', given))
    for annotation in export['annotations']:
        annotation['attributes'] = {}
    # somebody drew a skeleton and labelled no joint of it
    export['annotations'].append(
        dict(export['annotations'][0], id=9, keypoints=[0] * 15, num_keypoints=0)
    )
    done = ingest(annotator.folder, write(export, tmp_path / 'cvat.json', 'coco'))
    assert done.annotations == [1, 1001] and done.units == [0]
    labels, _ = labelled(annotator.labels_file)
    assert labels[1][0].tolist() == [99.5, 99.5, 2]  # measured from the corner
    assert labels[1001][0].tolist() == [399.5, 399.5, 2]


def test_images_are_known_by_name_beyond_99999():
    for number in (3, 99999, 100000):
        found = NAME.search(f'images/0123456789ab_{number:05d}_71.png')
        assert found.groups() == ('0123456789ab', '71')


@pytest.mark.parametrize('images', ['link', 'none'])
def test_images_are_linked_or_left_where_they_are(images, pool, tmp_path):
    path, pixels, views = pool
    annotator = opened(tmp_path / 'work', path, images=images, formats='coco')
    annotator.ask(ROUND, [0], [1.0], views)
    folder = osp.join(annotator.folder, 'query', 'round_01')
    assert not osp.exists(osp.join(folder, 'cvat_keypoints.zip'))
    if images == 'link':
        assert all(
            osp.islink(osp.join(folder, 'images', n))
            for n in os.listdir(osp.join(folder, 'images'))
        )
    else:
        assert not osp.exists(osp.join(folder, 'images'))
        names = {i['file_name'] for i in read(annotator.folder, 'coco')['images']}
        assert names == {f'cam{v}_0.png' for v in range(4)}


def test_images_of_the_working_folder_are_found_from_elsewhere(pool, tmp_path, monkeypatch):
    path, _, _ = pool
    monkeypatch.chdir(tmp_path / 'data' / 'images')
    annotator = opened(tmp_path / 'work', path, image_root='', formats='coco')
    annotator.ask(ROUND, [0], [1.0])
    monkeypatch.chdir(tmp_path)
    query = load_query(annotator.folder, ROUND)
    assert all(osp.isfile(query.image_path(i)) for i in query.images.values())


def test_options_and_missing_images_are_named(pool, tmp_path):
    path, _, _ = pool
    for options, words in (
        (dict(formats=['voc']), 'voc'),
        (dict(images='move'), 'move'),
        (dict(formats=[]), 'formats'),
        (dict(threshold=0), '0 px'),
    ):
        with pytest.raises(ValueError, match=words):
            FileAnnotator(**options)
    built = ANNOTATORS.build(dict(type='FileAnnotator', images='link'))
    assert isinstance(built, FileAnnotator) and not hasattr(built, 'labelable')
    os.remove(str(tmp_path / 'data' / 'images' / 'cam1_0.png'))
    annotator = opened(tmp_path / 'work', path)
    with pytest.raises(FileNotFoundError, match='cam1_0.png.*image_root'):
        annotator.ask(ROUND, [0], [1.0])
    assert os.listdir(str(tmp_path / 'work' / 'query')) == []
    annotator = opened(tmp_path / 'work', path, image_root=str(tmp_path / 'nowhere'))
    with pytest.raises(FileNotFoundError, match='nowhere'):
        annotator.ask(ROUND, [0], [1.0])


def lspet(folder):
    """14 joints, some of them not labelled, no cameras: pool, images, unit."""
    with open(osp.join(LSPET, 'val.json')) as file:
        data = json.load(file)
    data['images'] = data['images'][:8]
    ids = {i['id'] for i in data['images']}
    data['annotations'] = [a for a in data['annotations'] if a['image_id'] in ids]
    folder.mkdir()
    for name in ('train.json', 'val.json'):
        (folder / name).write_text(json.dumps(data))
    os.symlink(osp.join(LSPET, 'images'), str(folder / 'images'))
    return str(folder / 'train.json'), str(folder / 'images'), 'images'


def interhand(folder):
    """42 joints of two hands, of some frames one hand; cameras."""
    from mmpose_al.converters import common
    from mmpose_al.converters import interhand as converter

    tasks = converter.make_tasks(
        *(
            osp.join(HANDS, f'test_interhand2.6m_{kind}.json')
            for kind in ('data', 'camera', 'joint_3d')
        )
    )
    folder.mkdir()
    common.convert(
        str(folder / 'pool.json'),
        tasks,
        common.category_of(converter.METAINFO, 'hands'),
        'crumbs',
        HANDS,
        report=lambda *a, **k: None,
    )
    return str(folder / 'pool.json'), HANDS, 'frames'


def real_pool(make, folder):
    source = LSPET if make is lspet else HANDS
    if not osp.isdir(source):
        pytest.skip(f'no {osp.basename(source)} in ../shared/data')
    return make(folder)


@pytest.mark.parametrize('fmt', FORMATS)
@pytest.mark.parametrize('make', [lspet, interhand])
def test_a_human_round_on_real_photographs(make, fmt, tmp_path):
    path, images, unit = real_pool(make, tmp_path / 'data')
    pool = load_pool(path, unit)
    truth = {
        a['id']: np.array(a['keypoints'], float).reshape(-1, 3) for a in pool.data['annotations']
    }
    annotator = FileAnnotator(image_root=images)
    annotator.open(str(tmp_path / 'work'), pool)
    units = pool.units[:3].tolist()
    annotator.ask(0, units, [0.0] * 3)
    asked = load_query(annotator.folder, 0).annotations
    given = {i: truth[i] for i, e in asked.items() if e['unit'] in units[:2]}
    done = ingest(
        annotator.folder, write(drawn(annotator.folder, fmt, 0, given), tmp_path / 'export', fmt)
    )
    assert done.units == annotator.answers(0) == units[:2]
    labels, _ = labelled(annotator.labels_file)
    assert sorted(labels) == sorted(given)
    for number, points in given.items():
        expected = np.where(
            points[:, 2:] > 0,
            np.c_[points[:, :2], np.where(points[:, 2] > 0, labels[number][:, 2], 0)],
            0,
        )
        np.testing.assert_allclose(labels[number], expected, atol=2e-3)
    assert annotator.cost()['joints'] == sum(
        int((points[:, 2] > 0).sum()) for points in given.values()
    )


@pytest.mark.parametrize('fmt', FORMATS)
def test_full_rounds_on_real_photographs(fmt, tmp_path, monkeypatch):
    """Query, answers, ingest, training, the next query with predictions, and so on."""
    from mmengine.config import Config

    # MMEngine lays out the config for every log and checkpoint; that takes seconds
    monkeypatch.setattr(Config, 'pretty_text', property(lambda self: ''))

    from mmpose_al.engine.active_learning import ActiveLearningRunner
    from tests.helpers import student
    from tests.test_engine.test_active_learning import config

    path, _, unit = real_pool(lspet, tmp_path / 'data')
    work = str(tmp_path / 'work')
    cfg = config(
        str(tmp_path / 'data'),
        work,
        unit=unit,
        initial=3,
        budget=2,
        annotator=dict(type='FileAnnotator', formats=[fmt]),
        strategy=dict(type='MultiPeakEntropy'),
        limits=dict(rounds=2),
        self_training=None,
    )
    cfg.model = dict(student(num_joints=14), data_preprocessor=cfg.model.data_preprocessor)
    cfg.train_cfg.round_cfg.max_iters = 2
    cfg.val_evaluator = [dict(type='JointPCK', thr=0.2, norm='bbox')]
    data = cfg.train_dataloader.dataset
    for part in (data, data.labeled, cfg.val_dataloader.dataset):
        part.metainfo = dict(
            from_file=osp.join(ROOT, 'configs', '_base_', 'datasets', 'lspet_meta.py')
        )
    data.labeled.on_bad = cfg.val_dataloader.dataset.on_bad = 'skip'
    with open(path) as file:
        truth = {
            a['id']: np.array(a['keypoints'], float).reshape(-1, 3)
            for a in json.load(file)['annotations']
        }
    labelled_units = []
    for number, drop in ((0, 1), (1, 0)):  # one image of the first query is skipped
        with pytest.raises(SystemExit) as stopped:
            ActiveLearningRunner.from_cfg(cfg).train()
        assert stopped.value.code == 3
        query = load_query(work, number)
        predicted = [e['prediction'] is not None for e in query.annotations.values()]
        assert predicted == [number > 0] * len(predicted)
        units = query.units[: len(query.units) - drop]
        given = {i: truth[i] for i, e in query.annotations.items() if e['unit'] in units}
        done = ingest(
            work, write(drawn(work, fmt, number, given), tmp_path / f'answers{number}', fmt)
        )
        assert (done.format, sorted(done.units)) == (fmt, sorted(units))
        labelled_units.append(sorted(units))
    state = ActiveLearningRunner.from_cfg(cfg).train()
    assert state.content['finished'] == '2 rounds are done'
    assert [e['ids'] for e in state.content['labeled']] == labelled_units
    labels, _ = labelled(osp.join(work, LABELS_FILE))
    assert len(labels) == 4
    for number, points in labels.items():
        seen = truth[number][:, 2] > 0
        assert (points[:, 2] > 0).tolist() == seen.tolist()
        np.testing.assert_allclose(points[seen, :2], truth[number][seen, :2], atol=2e-3)


def test_an_experiment_asks_people(tmp_path):
    """Through the runner: stops with status 3, goes on when the answers are there."""
    from mmengine.config import Config

    from mmpose_al.active_learning.statistics import load_views
    from mmpose_al.engine.active_learning import ActiveLearningExperiment, ActiveLearningRunner
    from mmpose_al.synthetic import write_benchmark
    from tests.test_engine.test_active_learning import config

    root = str(tmp_path / 'data')
    write_benchmark(root, 'tiny', workers=1)
    work = str(tmp_path / 'work')
    cfg = config(
        root,
        work,
        annotator=dict(type='FileAnnotator', formats=['coco']),
        initial=2,
        budget=2,
        limits=dict(rounds=2),
        self_training=None,
    )
    cfg.train_cfg.round_cfg.max_iters = 2
    with open(osp.join(root, 'train.json')) as file:
        truth = {a['id']: a['keypoints'] for a in json.load(file)['annotations']}

    def people(round, num):
        """Answer the first ``num`` units of a query with the truth."""
        query = load_query(work, round)
        data = read(work, 'coco', round)
        data['annotations'] = [
            dict(a, keypoints=truth[a['id']])
            for a in data['annotations']
            if query.annotations[a['id']]['unit'] in query.units[:num]
        ]
        return query, write(data, tmp_path / f'answers{round}.json', 'coco')

    for _ in range(2):  # the second time the query is out already
        with pytest.raises(SystemExit) as stopped:
            ActiveLearningRunner.from_cfg(cfg).train()
        assert stopped.value.code == 3
    first, path = people(0, 2)
    assert sorted(first.units) == ActiveLearningExperiment(cfg).pool.initial(2, 5)
    ingest(work, path)
    # the command that is printed: the config as it was dumped
    dumped = Config.fromfile(osp.join(work, 'experiment_config.py'))
    with pytest.raises(SystemExit) as stopped:
        ActiveLearningRunner.from_cfg(dumped).train()
    assert stopped.value.code == 3
    query, path = people(1, 1)
    assert not set(query.units) & set(first.units)
    views = load_views(osp.join(work, 'round_00', 'scores.npz'))
    entry = next(iter(query.annotations.values()))
    row = int(np.flatnonzero(views.id == entry['id'])[0])
    found = np.array(entry['prediction'])
    np.testing.assert_allclose(
        found[found[:, 2] > 0, :2], views.keypoints[row][found[:, 2] > 0], atol=1e-3
    )
    with pytest.raises(AnswerError, match='closed'):
        ingest(work, str(tmp_path / 'answers0.json'))
    ingest(work, path)
    state = ActiveLearningRunner.from_cfg(cfg).train()
    assert state.content['finished'] == '2 rounds are done'
    assert [e['ids'] for e in state.content['labeled']] == [sorted(first.units), query.units[:1]]
    done = state.stage(1, 'annotate')
    assert (done['asked'], done['answered'], done['labels']) == (2, 1, 3)
    joints = sum(
        v > 0
        for e in (0, 1)
        for a in json.load(open(answers_file(work, e)))['events'][0]['annotations']
        for v in a['keypoints'][2::3]
    )
    assert done['views'] == 12 and done['joints'] == joints
    trained = ActiveLearningExperiment(cfg).round_config(1).train_dataloader.dataset
    assert trained.labeled[0].ann_file == osp.join(work, 'labels.json')
