"""The configs of active learning: what they say, and the crumbs of real data sets."""

import copy
import functools
import glob
import os.path as osp

import numpy as np
import pytest
from mmengine.config import Config
from mmpose.registry import DATASETS

from mmpose_al.active_learning import QUERY_STRATEGIES, SELF_TRAINING
from mmpose_al.active_learning.self_training import ConsistentFrames, check_bootstraps
from mmpose_al.active_learning.settings import pool_source, read_settings
from mmpose_al.converters import common, interhand, panoptic

from .test_configs import ROOT
from .test_data_at_scale import CRUMBS, needs_crumbs

FOLDER = osp.join(ROOT, 'configs', 'active_learning')
PATHS = sorted(osp.relpath(path, FOLDER) for path in glob.glob(osp.join(FOLDER, '*', '*.py')))
# Feng23, Sec. 5.2: first labels, labels a round, pseudo-labels of them
BUDGETS = dict(
    panoptic=(200, 100),
    interhand=(2000, 2000),
    synthetic=(4, 4),
    studio=(4, 4),
    coco=(500, 500),
    mouse=(5, [5, 10, 20]),
)


@functools.lru_cache(maxsize=None)
def parse(path):
    return Config.fromfile(osp.join(FOLDER, path), import_custom_modules=False)


def load(path):
    return copy.deepcopy(parse(path))


def test_all_that_the_issue_asks_for_is_there():
    names = {path.rsplit('_', 1)[0].split('/')[1] for path in PATHS}
    for network in ('res50', 'hrnet-w32'):
        for row in ('random', 'mvc'):
            for added in ('', '-ra', '-pl', '-ra-pl'):
                assert f'panoptic/{row}{added}_{network}_panoptic-256x256.py' in PATHS
                if network == 'res50':
                    assert f'interhand/{row}{added}_res50_interhand-256x256.py' in PATHS
    assert {'coreset-features_res18', 'mpe_res18', 'mpe-coreset_res18'} <= names


@pytest.mark.parametrize(
    'path', [p for p in PATHS if not p.split('/')[1].startswith(('all', 'other'))]
)
def test_an_experiment_is_described(path):
    config = load(path)
    section = read_settings(config)
    QUERY_STRATEGIES.build(section.strategy)
    data, row = osp.dirname(path), osp.basename(path).split('_')[0]
    assert (section.initial, section.budget) == BUDGETS[data]
    assert section.unit == ('images' if data in ('coco', 'mouse') else 'frames')
    code = '-code' in row  # that of the paper's authors, which differs
    if '-pl' in row and data not in ('synthetic', 'studio') and not code:
        assert 0.1 <= section.self_training['num'] / section.budget <= 0.2  # 10 to 20 %
    bootstrapped = '-bootstrap' in row
    assert (section.self_training is not None) == ('-pl' in row or bootstrapped)
    if bootstrapped:
        rules = SELF_TRAINING.build(section.self_training)
        check_bootstraps(config, rules)
        assert rules.trainings == (2 if '-twice' in row else 1)
        trained = config.train_dataloader.batch_size  # as many labels, and as many pseudo-labels
        assert rules.batch_size == (None if '-multiview-' in row else 2 * trained)
    elif section.self_training and not code:
        rules = SELF_TRAINING.build(section.self_training)
        assert rules.schedule == (row.split('-pl')[1].strip('-') or 'alternate')
    pipeline = [t.type for t in config.train_dataloader.dataset.pipeline]
    assert ('PoseRandAugment' in pipeline) == ('-ra' in row)
    if data in ('panoptic', 'interhand'):
        # Sec. 5.2, 5.3: 5,000 steps, a tenth from the midpoint, nothing else augments
        assert config.train_cfg.round_cfg.max_iters == 5000
        assert config.param_scheduler[0].milestones == [3000 if code else 2500]
        assert config.optim_wrapper.optimizer == dict(type='Adam', lr=1e-3)
        assert config.train_dataloader.batch_size == 32
        assert not {'RandomFlip', 'RandomBBoxTransform'} & set(pipeline)
        assert (section.start == 'load_from') == ('res50_panoptic' in path)
        (threshold,) = [m.threshold for m in config.val_evaluator if m.type == 'MKPE']
        assert section.threshold == threshold


def test_what_the_authors_code_does_otherwise():
    """Its keys, and that the configs of the paper have none of them."""
    for path in PATHS:
        if path.split('/')[1].startswith(('all', 'other')):
            continue
        section, code = read_settings(load(path)), '-code' in path
        mvc = section.strategy if section.strategy.type == 'MultiViewConsistency' else {}
        assert ('inliers_only' in mvc) == ('half' in mvc) == code
        if section.self_training:
            rules = SELF_TRAINING.build(section.self_training)
            if type(rules) is not ConsistentFrames:
                continue
            assert (rules.squared is False) == (rules.schedule == 'once') == code
            expected = ('clusters' if 'clusters' in path else 'random') if code else 'surest'
            assert rules.choice == expected
            if code:
                assert rules.num == [0, 20, 20, 30, 30, 40, 40, 50, 50, 50]


def convert(tasks, metainfo, out, root):
    return common.convert(
        str(out),
        tasks,
        common.category_of(metainfo),
        'crumbs',
        root,
        'keep',
        report=lambda *args, **kwargs: None,
    )


def use(config, out, root):
    """The data sets of a config on one converted file."""
    for dataset in (config.train_dataloader.dataset.labeled, config.val_dataloader.dataset):
        dataset.update(data_root='', ann_file=str(out), data_prefix=dict(img=root))
    return (
        DATASETS.build(config.train_dataloader.dataset),
        DATASETS.build(config.val_dataloader.dataset),
    )


@needs_crumbs
@pytest.mark.parametrize('row', ['mvc', 'mvc-ra-pl'])
def test_interhand_on_real_files(row, tmp_path):
    root, out = osp.join(CRUMBS, 'interhand2.6m'), tmp_path / 'train.json'
    data = convert(
        interhand.make_tasks(
            *(
                osp.join(root, f'test_interhand2.6m_{kind}.json')
                for kind in ('data', 'camera', 'joint_3d')
            )
        ),
        interhand.METAINFO,
        out,
        root,
    )
    config = load(f'interhand/{row}_res50_interhand-256x256.py')
    train, val = use(config, out, root)
    assert len(train) == len(val) == len(data['annotations']) == 4
    np.random.seed(0)
    sample = train[0]
    assert sample['inputs'].shape == (3, 256, 256)
    assert sample['data_samples'].gt_fields.heatmaps.shape == (42, 64, 64)
    assert sample['data_samples'].is_labeled
    assert val[0]['data_samples'].camera['K'].shape == (3, 3)
    # the initial choice of an experiment is made on this file
    pool = pool_source(config)
    assert pool.ann_file == str(out) and 'labels' not in pool


@needs_crumbs
@pytest.mark.parametrize('network', ['res50', 'hrnet-w32'])
def test_panoptic_on_real_files(network, tmp_path):
    """The crumbs have no images: two sequences of two frames, calibrated."""
    root, out = osp.join(CRUMBS, 'panoptic_body3d'), tmp_path / 'train.json'
    data = convert(
        panoptic.make_tasks(root, panoptic.find_sequences(root), 'eye-level', 29.97),
        panoptic.METAINFO,
        out,
        root,
    )
    config = load(f'panoptic/mvc-ra-pl_{network}_panoptic-256x256.py')
    train, val = use(config, out, root)
    assert len(val) == len(train) <= len(data['annotations'])
    info = val.get_data_info(0)
    assert info['keypoints'].shape == (1, 19, 2) and info['pose_3d'].shape == (19, 4)
    # mid_hip, the root of CoreSet-Poses (Appendix A: keypoint 2)
    coreset = load(f'panoptic/coreset_{network}_panoptic-256x256.py')
    assert val.metainfo['keypoint_id2name'][coreset.active_learning.strategy.root] == 'mid_hip'
