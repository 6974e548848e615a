"""Bootstrapping from a config and a checkpoint: pseudo-labels, and what trains on them."""

import copy
import json
import os

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.registry import DATASETS, MODELS

from mmpose_al.active_learning.self_training import MultiViewBootstrapping
from mmpose_al.engine import bootstrapping
from tests.test_engine.test_active_learning import STEPS, config, tiny  # noqa: F401

RULES = dict(threshold=1000.0, min_inliers=2, batch_size=8)
LABELS = dict(unit='frames', num=3, seed=0)


def ordinary(data_root, work_dir, labels=LABELS):
    """The config of a round as an ordinary one: three labelled frames of the tiny rig."""
    cfg = config(data_root, work_dir)
    for key in ('active_learning', 'runner_type'):
        cfg.pop(key)
    cfg.train_cfg = cfg.train_cfg.round_cfg
    if labels:
        cfg.train_dataloader.dataset.labeled.update(labels=labels, subset='labeled')
    return cfg


@pytest.fixture(scope='module')
def network(tiny, tmp_path_factory):  # noqa: F811
    """Weights of an untrained network of the config."""
    init_default_scope('mmpose')
    torch.manual_seed(3)
    path = tmp_path_factory.mktemp('network') / 'iter_4.pth'
    cfg = ordinary(tiny, path.parent)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict(), meta={}), str(path))
    return cfg, str(path)


@pytest.fixture(scope='module')
def made(network, tmp_path_factory):
    """The config, the rig, its pseudo-labels, and their file."""
    cfg, checkpoint = network
    before = copy.deepcopy(cfg.to_dict())
    rules = MultiViewBootstrapping(**RULES)
    rig, _, labels = bootstrapping.bootstrap(cfg, checkpoint, rules)
    path = str(tmp_path_factory.mktemp('made') / 'pseudo.json')
    noted = bootstrapping.write_bootstrap(rig, labels, path)
    assert cfg.to_dict() == before
    return cfg, rules, rig, labels, path, noted


def test_what_is_labelled_gets_none(made):
    cfg, _, rig, labels, path, noted = made
    chosen = DATASETS.build(copy.deepcopy(cfg.train_dataloader.dataset.labeled))
    assert sorted(rig.labeled) == sorted(chosen.get_data_info(i)['id'] for i in range(len(chosen)))
    assert set(labels.ids.tolist()) == set(rig.pool.persons) - set(rig.labeled)
    with open(path) as file:
        content = json.load(file)
    ids = {a['id'] for a in content['annotations']}
    assert ids <= set(labels.ids.tolist()) and len(ids) == noted['annotations'] > 50
    assert noted['of'] == labels.labeled.size
    assert (
        noted['joints']
        == labels.labeled.sum()
        == sum(a['num_keypoints'] for a in content['annotations'])
    )
    first = content['annotations'][0]
    row = int(np.flatnonzero(labels.ids == first['id'])[0])
    np.testing.assert_allclose(
        np.reshape(first['keypoints'], (-1, 3)), labels.keypoints[row], atol=5e-4
    )
    np.testing.assert_allclose(first['keypoint_weights'], labels.weights[row], atol=5e-5)


def test_the_config_trains_on_both(made, tmp_path):
    """Half of each batch are labels; the weights are in the samples; it can be run."""
    cfg, rules, rig, labels, path, _ = made
    trains = bootstrapping.bootstrapped_config(cfg, rig, rules, path)
    bootstrapping.write_config(trains, str(tmp_path / 'pseudo.py'), 'Both.')
    read = Config.fromfile(str(tmp_path / 'pseudo.py'))
    assert read.train_dataloader.batch_size == read.train_dataloader.sampler.batch_size == 8
    assert read.work_dir == os.path.join(os.path.dirname(cfg.work_dir), 'pseudo')
    # no other training is written over: the network that teaches lies in this folder
    same = bootstrapping.bootstrapped_config(cfg, rig, rules, f'{cfg.work_dir}.json')
    assert same.work_dir == cfg.work_dir + '_2'
    plain = bootstrapping.bootstrapped_config(Config({**cfg, 'work_dir': None}), rig, rules, path)
    assert 'work_dir' not in plain
    data = DATASETS.build(copy.deepcopy(read.train_dataloader.dataset))
    assert data.shares == [1, 1] and data.source_sizes[0] == len(rig.labeled)
    loader = Runner.build_dataloader(read.train_dataloader, seed=0)
    samples = next(iter(loader))['data_samples']
    ids = [sample.metainfo['id'] for sample in samples]
    assert sum(i in rig.labeled for i in ids) == 4 and len(ids) == 8
    for sample in samples:
        weights = sample.gt_instance_labels.keypoint_weights[0].numpy()
        if sample.metainfo['id'] in rig.labeled:
            assert set(weights.tolist()) <= {0.0, 1.0}
        else:
            own = labels.weights[labels.ids == sample.metainfo['id']][0]
            flips = data.metainfo['flip_indices']
            own = own[flips] if sample.metainfo['flip'] else own
            np.testing.assert_allclose(weights, own, atol=1e-4)
    read.work_dir = str(tmp_path / 'work')
    runner = Runner.from_cfg(read)
    runner.train()
    assert runner.iter == STEPS


def test_again_from_the_network_that_was_taught(made, network, tmp_path):
    """The written config with its pseudo-labels: they are made anew, not added."""
    cfg, rules, rig, labels, path, _ = made
    trains = bootstrapping.bootstrapped_config(cfg, rig, rules, path)
    again, _, second = bootstrapping.bootstrap(trains, network[1], rules)
    assert again.labeled == rig.labeled and again.pool.path == rig.pool.path
    np.testing.assert_array_equal(second.keypoints, labels.keypoints)
    other = str(tmp_path / 'second.json')
    newest = bootstrapping.bootstrapped_config(trains, again, rules, other)
    files = [source.ann_file for source in newest.train_dataloader.dataset.labeled]
    assert files == ['train.json', other]


def test_what_it_cannot_bootstrap_is_refused(tiny, network, tmp_path):  # noqa: F811
    rules = MultiViewBootstrapping(**RULES)
    experiment = config(tiny, tmp_path)
    with pytest.raises(ValueError, match='an experiment has active_learning.self_training'):
        bootstrapping.rig_of(experiment, rules)
    everything = ordinary(tiny, tmp_path, labels=None)
    with pytest.raises(ValueError, match='trains on all of its .* views'):
        bootstrapping.rig_of(everything, rules)
    two = ordinary(tiny, tmp_path)
    two.train_dataloader.dataset.labeled = [two.train_dataloader.dataset.labeled] * 2
    with pytest.raises(ValueError, match='labeled has 2 sources; bootstrap takes one'):
        bootstrapping.rig_of(two, rules)
    odd = MultiViewBootstrapping(**dict(RULES, batch_size=7))
    with pytest.raises(ValueError, match=r'batch of 7 with shares \[1, 1\]'):
        bootstrapping.rig_of(network[0], odd)
    gone = ordinary(tiny, tmp_path)
    gone.train_dataloader.dataset.labeled.ann_file = 'gone.json'
    with pytest.raises(FileNotFoundError, match='gone.json: there is no such annotation file'):
        bootstrapping.rig_of(gone, rules)


def test_nothing_is_written_where_no_views_agree(made, network, tmp_path):
    cfg, checkpoint = network
    rig, _, labels = bootstrapping.bootstrap(
        cfg, checkpoint, MultiViewBootstrapping(threshold=1e-4, min_inliers=4)
    )
    path = str(tmp_path / 'none.json')
    with pytest.raises(ValueError, match='there is none on which enough views agree'):
        bootstrapping.write_bootstrap(rig, labels, path)
    assert not os.path.exists(path)


def test_weights_of_another_model_are_refused(network, tmp_path):
    cfg, checkpoint = network
    other = copy.deepcopy(cfg)
    other.model.head.out_channels = 3
    rig = bootstrapping.rig_of(cfg, MultiViewBootstrapping(**RULES))
    with pytest.raises(ValueError, match='iter_4.pth is no checkpoint of the model of the config'):
        bootstrapping.score_source(other, rig, checkpoint)


def by_cameras(data_root, work_dir, **section):
    """A round of MultiViewPoseDual: groups of four views, of which the cameras are known."""
    cfg = config(data_root, work_dir, **section)
    train = cfg.train_dataloader
    meta_keys = ('id', 'flip', 'flip_indices', 'input_center', 'input_scale', 'input_size')
    cameras = ('frame_id', 'person_id', 'input_K', 'input_dist', 'input_R', 'input_t')
    *steps, encode, _ = train.dataset.pipeline
    train.dataset.pipeline = [
        *steps,
        dict(type='InputCamera'),
        encode,
        dict(type='PackPoseInputs', meta_keys=meta_keys + cameras),
    ]
    train.dataset.unlabeled = copy.deepcopy(train.dataset.labeled)
    train.sampler = dict(type='LabeledGroupSampler', num_groups=1, num_views=4)
    train.batch_sampler = dict(type='MixedBatchSampler')
    train.batch_size = 8
    preprocessor = cfg.model.pop('data_preprocessor')
    cfg.model = dict(
        type='MultiViewPoseDual',
        students=cfg.model,
        data_preprocessor=preprocessor,
        num_views=4,
        min_inliers=2,
        hard_view=dict(rotation=30, scale=(0.75, 1.25)),
    )
    cfg.val_evaluator = [
        dict(type='PerStudentMetric', metric=metric) for metric in cfg.val_evaluator
    ]
    cfg.custom_hooks.append(dict(type='DataCheckHook'))
    return cfg


def test_cameras_teach_within_a_training_and_after_it(tiny, tmp_path):  # noqa: F811
    """An experiment of MultiViewPoseDual, whose networks then learn from their pseudo-labels."""
    from mmpose_al.active_learning.state import load_state
    from mmpose_al.engine.active_learning import ActiveLearningRunner

    rules = dict(type='MultiViewBootstrapping', **RULES, rounds=1, unlabeled=False)
    cfg = by_cameras(tiny, tmp_path, self_training=rules, limits=dict(rounds=1))
    ActiveLearningRunner.from_cfg(cfg).train()
    (entry,) = load_state(str(tmp_path)).content['rounds']
    assert entry['stages']['bootstrap_1_train']['steps'] == STEPS
    logs = [
        next(folder.glob('*/vis_data/scalars.json')).read_text()
        for folder in (tmp_path / 'round_00', tmp_path / 'round_00' / 'bootstrap_1')
    ]
    assert 'unsup_student1_loss_kpt' in logs[0] and 'sup_student1_loss_kpt' in logs[1]
    assert 'unsup' not in logs[1]
    later = next((tmp_path / 'round_00' / 'bootstrap_1').glob('*.py'))
    loader = Runner.build_dataloader(Config.fromfile(str(later)).train_dataloader, seed=0)
    assert loader.batch_sampler.sampler.counts == (4, 4)


def test_a_config_of_students_is_written_without_unlabelled_images(tiny, tmp_path):  # noqa: F811
    """What ``bootstrap --no-unlabeled`` writes can be run."""
    cfg = by_cameras(tiny, tmp_path)
    for key in ('active_learning', 'runner_type'):
        cfg.pop(key)
    cfg.train_cfg = cfg.train_cfg.round_cfg
    cfg.train_dataloader.dataset.labeled.update(labels=LABELS, subset='labeled')
    cfg.train_dataloader.dataset.unlabeled.update(labels=LABELS, subset='unlabeled')
    init_default_scope('mmpose')
    torch.manual_seed(3)
    checkpoint = str(tmp_path / 'iter_4.pth')
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict(), meta={}), checkpoint)
    with pytest.raises(ValueError, match='With unlabeled=False'):
        bootstrapping.rig_of(cfg, MultiViewBootstrapping(**RULES))
    rules = MultiViewBootstrapping(**RULES, unlabeled=False)
    rig, _, labels = bootstrapping.bootstrap(cfg, checkpoint, rules)
    path = str(tmp_path / 'pseudo.json')
    bootstrapping.write_bootstrap(rig, labels, path)
    written = bootstrapping.bootstrapped_config(cfg, rig, rules, path)
    bootstrapping.write_config(written, str(tmp_path / 'pseudo.py'))
    read = Config.fromfile(str(tmp_path / 'pseudo.py'))
    assert read.model.start is None and 'unlabeled' not in read.train_dataloader.dataset
    read.work_dir = str(tmp_path / 'work')
    runner = Runner.from_cfg(read)
    runner.train()
    assert runner.iter == STEPS


def test_a_written_config_may_be_moved_with_its_files(tmp_path):
    """Paths below its folder begin at the file, also in a folder with odd letters."""
    cfg = Config(dict(a=f"{tmp_path}/Bob's/x.json", b=['/elsewhere/y'], c=f'{tmp_path}/other'))
    home = tmp_path / "Bob's"
    home.mkdir()
    bootstrapping.write_config(cfg, str(home / 'pseudo.py'), 'Note.')
    moved = tmp_path / 'moved'
    home.rename(moved)
    read = Config.fromfile(str(moved / 'pseudo.py'))
    assert (read.a, read.b, read.c) == (f'{moved}/x.json', ['/elsewhere/y'], f'{tmp_path}/other')


def test_pseudo_labels_of_people_who_have_labels_by_now_are_refused(made):
    """More was labelled since: the config takes all that is labelled, and the file is old."""
    cfg, rules, rig, labels, path, _ = made
    trains = bootstrapping.bootstrapped_config(cfg, rig, rules, path)
    data = copy.deepcopy(trains.train_dataloader.dataset)
    DATASETS.build(copy.deepcopy(data))
    data.labeled[0].labels.num = 5
    with pytest.raises(ValueError, match='people have labels by now.*Make them anew'):
        DATASETS.build(data)
