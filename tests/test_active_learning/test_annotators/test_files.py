"""The file annotator: human rounds by files, in each format."""

import json
import os
import os.path as osp

import numpy as np
import pytest

from mmpose_al.active_learning.annotators import FileAnnotator
from mmpose_al.active_learning.answers import ingest, load_answers
from mmpose_al.active_learning.formats import AnswerError
from mmpose_al.active_learning.paths import Paths
from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.query import load_query
from mmpose_al.active_learning.registry import ANNOTATORS
from tests import ROOT
from tests.test_active_learning.people import FORMATS, ROUND, drawn, labelled, opened, read, write


def test_options_and_missing_images_are_named(pool, tmp_path):
    path, _, _ = pool
    for options, words in (
        (dict(formats=['voc']), 'voc'),
        (dict(images='move'), 'move'),
        (dict(formats=[]), 'formats'),
        (dict(threshold=0), '0 px'),
        (dict(threshold=float('inf')), 'inf px; write a finite number'),
        (dict(threshold=float('nan')), 'nan px; write a finite number'),
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


LSPET = osp.abspath(osp.join(ROOT, '../shared/data/lspet'))


HANDS = osp.abspath(osp.join(ROOT, '../shared/data/crumbs/interhand2.6m'))


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
    labels, _ = labelled(Paths(work).labels)
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
    from mmpose_al.engine.stages import round_config
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
    assert sorted(first.units) == ActiveLearningExperiment(cfg).context.pool.initial(2, 5)
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
        for a in load_answers(work, e)['events'][0]['annotations']
        for v in a['keypoints'][2::3]
    )
    assert done['views'] == 12 and done['joints'] == joints
    trained = round_config(ActiveLearningExperiment(cfg).context, 1).train_dataloader.dataset
    assert trained.labeled[0].ann_file == osp.join(work, 'labels.json')
