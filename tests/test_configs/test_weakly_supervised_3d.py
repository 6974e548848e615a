"""The configs of Iqbal20: one base, and rows that differ from it as they say."""

import copy
import glob
import os.path as osp

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS, METRICS, MODELS, TRANSFORMS

from mmpose_al.converters import mpi_inf_3dhp
from mmpose_al.geometry.depth import signed_volumes
from mmpose_al.synthetic import body as bodies
from tests import ROOT
from tests.test_configs.test_configs import without_random_weights, without_weights
from tests.test_converters.files import crumb, real, run

FOLDER = osp.join(ROOT, 'configs', 'weakly_supervised_3d')
CONFIGS = sorted(
    osp.relpath(path, FOLDER) for path in glob.glob(osp.join(FOLDER, '**', '*.py'), recursive=True)
)
SYNTHETIC = 'synthetic/{}_lite0_synthetic-64x64.py'
H36M = 'h36m/{}_hrnet-w32_h36m-256x256.py'


def load(path):
    return Config.fromfile(osp.join(FOLDER, path))


def sources(part):
    return part if isinstance(part, (list, tuple)) else [part]


@pytest.mark.parametrize('path', CONFIGS)
def test_rows_fit_together(path):
    config = load(path)
    for loader in (config.train_dataloader, config.test_dataloader):
        for step in loader.dataset.pipeline:
            TRANSFORMS.build(copy.deepcopy(step))
    for evaluator in config.test_evaluator:
        METRICS.build(copy.deepcopy(evaluator))
    network = config.model.get('network', config.model)
    head = network.head
    (camera,) = [s for s in config.train_dataloader.dataset.pipeline if s.type == 'InputCamera']
    assert list(camera.pair) == list(head.pair) and camera.root in head.pair
    assert len(head.limbs) == len(head.mean_lengths)
    # the two lists of lengths are of one body: in mm, and in units of the pair
    if config.model.get('limbs'):
        limbs = config.model.limbs
        assert list(map(list, limbs.limbs)) == list(map(list, head.limbs))
        ratio = [a / b for a, b in zip(head.mean_lengths, limbs.mean_lengths)]
        assert max(ratio) < 1.1 * min(ratio)
    # no view of a group is mirrored, and nothing unlabelled shows its 3D pose
    assert 'RandomFlip' not in str(config.train_dataloader)
    dataset = config.train_dataloader.dataset
    for source in sources(dataset.get('unlabeled') or []):
        assert source.poses_3d is False
    sampler = config.train_dataloader.sampler
    if sampler.type == 'LabeledGroupSampler':
        assert sampler.num_views == config.model.num_views == 4
        assert config.train_dataloader.batch_size == 2 * sampler.num_groups * sampler.num_views
    height, width = head.decoder.heatmap_size
    assert head.loss.loss_weight == height * width


@pytest.mark.parametrize('pattern', [SYNTHETIC, H36M])
def test_who_has_3d_labels(pattern):
    def with_3d(row):
        return [
            s
            for s in sources(load(pattern.format(row)).train_dataloader.dataset.labeled)
            if s.type == 'MultiViewCocoDataset' and s.get('poses_3d', True)
        ]

    assert with_3d('pretrain') == with_3d('ws') == with_3d('ws-r') == []
    (whole,) = with_3d('fs')
    one, *again = with_3d('ss')  # the same labels may be read several times
    assert all(source == one for source in again)
    assert 'subjects' not in whole and len(one.subjects) == 1
    unlabeled = sources(load(pattern.format('ss')).train_dataloader.dataset.unlabeled)
    assert not set(one.subjects) & set(unlabeled[0].subjects)


def test_people_with_labels_are_not_those_of_the_rig():
    config = load(SYNTHETIC.format('ws'))
    dataset = config.train_dataloader.dataset
    assert dataset.labeled.data_root != dataset.unlabeled.data_root
    assert config.test_dataloader.dataset.data_root == dataset.unlabeled.data_root


@pytest.mark.parametrize('pattern', [SYNTHETIC, H36M])
def test_rows_differ_in_what_their_names_say(pattern):
    base = load(pattern.format('ws')).model
    changes = {
        'ws-r': dict(known_rotations=True),
        'ws-regularized': dict(regularize=True),
        'ws-no-limbs': dict(limbs=None),
        'ws-no-multiview': dict(multi_view=None),
        'ws-l1': dict(
            multi_view=dict(
                base.multi_view, distance='l1', loss_weight=base.multi_view.loss_weight / 1.5
            )
        ),
        'ws-paper': dict(
            multi_view=dict(
                base.multi_view,
                apparent_size=False,
                distance='l1',
                loss_weight=base.multi_view.loss_weight / 1.5,
            ),
            handedness=None,
            range_weight=0.0,
        ),
    }
    rows = [row for row in changes if pattern.format(row) in CONFIGS]
    assert len(rows) == (6 if pattern == SYNTHETIC else 3)
    for row in rows:
        expected = dict(base.to_dict(), **changes[row])
        assert load(pattern.format(row)).model.to_dict() == expected, row


def test_2d_errors_are_of_taught_joints():
    config = load(H36M.format('pretrain'))
    taught = config.train_dataloader.dataset.labeled.pipeline[0]
    skeleton = parse_pose_metainfo(taught.target.to_dict())
    source = parse_pose_metainfo(taught.source.to_dict())
    names = {
        taught.rename.get(name, name)
        for name in source['keypoint_name2id']
        if name not in taught.drop
    }
    assert len(names) == 15 and names < set(skeleton['keypoint_name2id'])
    for path in (H36M.format('pretrain'), 'mpi_inf_3dhp/ws-hiq_hrnet-w32_3dhp-256x256.py'):
        poses, pixels = load(path).test_evaluator
        assert pixels.type == 'JointEPE' and pixels.joints == poses.joints
        assert set(pixels.joints) <= names


def test_the_papers_numbers():
    config = load(H36M.format('ws'))
    assert config.train_dataloader.batch_size == 256
    assert config.train_dataloader.sampler.num_groups == 32
    assert config.optim_wrapper.optimizer == dict(type='Adam', lr=5e-4)
    assert config.train_cfg.max_iters == 60000
    assert config.param_scheduler[0].milestones == [50000]
    model = config.model
    paper = load(H36M.format('ws-paper')).model
    assert (paper.multi_view.loss_weight, paper.limbs.loss_weight) == (10, 100)
    assert (model.multi_view.loss_weight, model.limbs.loss_weight) == (15, 100)
    with without_random_weights():
        built = MODELS.build(without_weights(model))
    assert (built.head.depth_weight, built.head.temperature) == (5, 50)
    assert built.head.pair == (8, 0)


@real
def test_3dhp_is_tested_with_the_joints_of_h36m(tmp_path):
    tasks = mpi_inf_3dhp.make_tasks(
        crumb('mpi_inf_3dhp', 'test_3dhp_test.npz'), crumb('mpi_inf_3dhp', 'cameras_test.pkl')
    )
    data = run(tasks, mpi_inf_3dhp.METAINFO, tmp_path / 'a.json')
    config = load('mpi_inf_3dhp/ws-hiq_hrnet-w32_3dhp-256x256.py')
    (source,) = config.test_dataloader.dataset.datasets
    source.update(
        data_root='', ann_file=str(tmp_path / 'a.json'), data_prefix=dict(img=crumb('mpi_inf_3dhp'))
    )
    dataset = DATASETS.build(config.test_dataloader.dataset)
    sample = dataset[0]['data_samples']
    names = [p['keypoints_3d'] for p in data['poses_3d']]
    pose = sample.metainfo['pose_3d']
    assert pose.shape == (17, 4)
    # 3DHP: 1 neck, 14 root, 0 head top, 13 left ankle
    some = [p for p in names if np.allclose(p[14], pose[0])][0]
    for ours, theirs in ((8, 1), (10, 0), (6, 13), (16, 4)):
        assert np.allclose(pose[ours], some[theirs])
    assert pose[9].tolist() == [0, 0, 0, 0]  # no nose there
    assert sample.metainfo['input_K'].shape == (3, 3)
    assert dataset.metainfo['keypoint_id2name'][0] == 'root'
    assert len(config.test_evaluator[0].joints) == 14


def test_every_triple_of_the_configs_is_right_handed_in_people():
    """The synthetic people, and the knees of Human3.6M's skeleton on the same ones."""
    rng = np.random.default_rng(0)
    poses = []
    for action in bodies.ACTION_WEIGHTS:
        body = bodies.sample_body(rng)
        motion = bodies.sample_motion(rng, action, np.linspace(0, 3, 8))
        poses.append(
            bodies.body_keypoints(
                body, *bodies.forward_kinematics(body, motion.angles, motion.heading)
            )
        )
    poses = torch.from_numpy(np.concatenate(poses))
    folder = osp.join(ROOT, 'configs', '_base_', 'datasets')
    triples = Config.fromfile(osp.join(folder, 'synthetic_3d.py')).triples
    volumes = signed_volumes(poses / 500, triples)
    assert (volumes > -0.02).double().mean() > 0.99
    assert (volumes.median(0).values > 0.02).all()
    h36m = Config.fromfile(osp.join(folder, 'h36m_3d_256x256.py')).triples
    # hip, knee, foot of COCO under the numbers of Human3.6M
    names = torch.zeros(17, dtype=torch.long)
    names[[1, 2, 3, 4, 5, 6]] = torch.tensor([12, 14, 16, 11, 13, 15])
    knees = signed_volumes(poses[:, names] / 500, h36m)
    assert torch.allclose(knees, volumes[:, 1:])
