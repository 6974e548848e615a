"""Pseudo-labels, gradients of losses, and the table of 3D errors, by hand."""

import importlib.util
import json
import os.path as osp
import sys

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample
from torch import nn

from mmpose_al.geometry.depth import length_left, rays, reconstruct
from mmpose_al.models.heads.heatmap_2p5d import Pose2p5D
from mmpose_al.models.losses import MultiViewConsistencyLoss

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
sys.path.insert(0, osp.join(ROOT, 'tools', 'analysis'))

import results_table


def load(*path):
    spec = importlib.util.spec_from_file_location(path[-1][:-3], osp.join(ROOT, *path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pseudo_labels_by_hand():
    data = dict(
        info=dict(format='f'),
        poses_3d=[1],
        cameras=[2],
        frames=[3],
        images=[dict(id=7, width=10, height=10)],
        annotations=[
            dict(id=1, image_id=7, bbox=[0, 0, 9, 9], keypoints=[9, 9, 2] * 3, num_keypoints=3),
            dict(id=2, image_id=7, bbox=[0, 0, 9, 9], keypoints=[]),
        ],
    )
    found = {1: (np.array([[1.0, 2], [3, 4], [5, 11]]), np.array([0.6, 0.5, 0.9]))}
    out = load('tools', 'pseudo_labels.py').relabel(data, found, 0.5)
    # sure; not above the threshold; sure, but outside the image
    (annotation,) = out['annotations']
    assert annotation['keypoints'] == [1, 2, 2, 0, 0, 0, 0, 0, 0]
    assert annotation['num_keypoints'] == 1
    assert annotation['keypoint_scores'] == [0.6, 0.5, 0.9]
    assert 'poses_3d' not in out and out['cameras'] == [2]
    assert out['info']['pseudo_labels'] == dict(threshold=0.5)
    assert data['annotations'][0]['num_keypoints'] == 3  # the source is left alone


def test_source_of_pseudo_labels():
    source_of = load('tools', 'pseudo_labels.py').source_of
    config = Config(dict(a=dict(one=[dict(x=1)], two=[dict(x=2), dict(x=3)], d=dict(x=4), none=[])))
    assert source_of(config, 'a.d').x == 4
    assert source_of(config, 'a.one').x == 1 and source_of(config, 'a.two.1').x == 3
    with pytest.raises(
        ValueError, match='a.two is a list of 2; name one by --data a.two.0 to --data a.two.1'
    ):
        source_of(config, 'a.two')
    for key in ('a.none', 'b.c', 'a.two.2', 'a.two.x'):
        with pytest.raises(ValueError, match=f'has no {key}'):
            source_of(config, key)


class TwoMaps(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = nn.Parameter(torch.tensor(2.0))
        self.head = nn.Module()
        self.head.final_layer = nn.Conv2d(1, 2, 1, bias=False)


def test_gradient_norms_by_hand():
    model = TwoMaps()
    weight = model.head.final_layer.weight
    with torch.no_grad():
        weight.fill_(5.0)
    losses = dict(
        loss_a=3 * weight[0].sum() * model.shared, loss_b=4 * weight[1].sum(), count=weight.sum()
    )
    found = load('tools', 'analysis', 'loss_gradients.py').gradient_norms(
        losses, model, num_joints=1
    )
    assert set(found) == {'loss_a', 'loss_b'}
    a, b = found['loss_a'], found['loss_b']
    # 3 w s with w = 5 and s = 2
    assert (a['value'], a['heatmaps'], a['depths'], a['shared']) == (30, 6, 0, 15)
    assert (b['heatmaps'], b['depths'], b['shared']) == (0, 4, 0)


def test_gradient_norms_of_separate_layers_by_hand():
    model = TwoMaps()
    model.head.final_layer = nn.Conv2d(1, 1, 1, bias=False)
    model.head.depth_layers = nn.Conv2d(1, 1, 1, bias=False)
    heat, depth = model.head.final_layer.weight, model.head.depth_layers.weight
    with torch.no_grad():
        heat.fill_(5.0), depth.fill_(7.0)
    loss = (heat.sum() + 3 * depth.sum()) * model.shared
    found = load('tools', 'analysis', 'loss_gradients.py').gradient_norms(
        dict(loss=loss), model, num_joints=1
    )['loss']
    # (w + 3 d) s with w = 5, d = 7 and s = 2
    assert found == dict(value=52, heatmaps=2, depths=6, shared=26)


def test_table_of_3d_errors_by_hand(tmp_path):
    for row, seed, error in (
        ('ws-paper', 0, float('nan')),
        ('fs', 0, 50.0),
        ('fs', 1, 70.0),
        ('ws', 0, 65.0),
        ('ws', 1, 85.0),
        ('2d-only', 0, 200.0),
    ):
        metrics = {name: error for _, name in results_table.COLUMNS_3D}
        metrics['EPE'] = error / 50
        (tmp_path / f'{row}_{seed}.json').write_text(
            json.dumps(
                dict(row=row, seed=seed, steps=9, input_size=[4, 4], machine='m', metrics=metrics)
            )
        )
    rows = results_table.load(str(tmp_path))
    assert results_table.is_3d(rows)
    lines = results_table.markdown_3d(rows).split('\n')
    # 2D: 1.0 and 1.4 against 4.0 with seed 0 alone
    assert lines[2].startswith('| fs | 2 | 1.20 ± 0.28 | -3.00 | 60.0 ± 14.1 |')
    assert lines[2].endswith('| 1.00 |')
    assert lines[3].startswith('| ws | 2 | 1.50 ± 0.28 | -2.70 | 75.0 ±') and lines[3].endswith(
        '| 1.25 |'
    )
    assert lines.pop(4) == '| ws-paper | 1' + ' | –' * 10 + ' |'
    assert lines[4].startswith('| 2d-only | 1 | 4.00 |  | 200.0 |') and lines[4].endswith(
        '| 4.00 |'
    )  # of seed 0 alone
    assert 'Seeds 0, 1' in lines[-1]


def test_rows_of_the_benchmark_have_configs():
    tool = load('benchmarks', 'weakly_supervised.py')
    for row in ('pretrain',) + tool.ROWS:
        assert osp.exists(osp.join(ROOT, tool.PATH.format(row)))
    assert set(results_table.ORDER_3D) == set(tool.ROWS)


def test_missing_data_are_named(tmp_path, monkeypatch):
    tool = load('benchmarks', 'weakly_supervised.py')
    monkeypatch.setattr(tool, 'ROOT', str(tmp_path))
    config = Config(dict(data_root='studio/', people_root='people/'))
    with pytest.raises(SystemExit, match='make_synthetic.py studio/ --preset studio'):
        tool.check_data(config)
    (tmp_path / 'studio').mkdir()
    with pytest.raises(SystemExit, match='people/ --preset people --seed 1'):
        tool.check_data(config)
    (tmp_path / 'people').mkdir()
    tool.check_data(config)


def test_without_the_25d_constraint_the_poses_collapse():
    """A short run of benchmarks/degeneration.py: the loss falls, the poses are one."""
    study = load('benchmarks', 'degeneration.py').study
    free = study('free 3D, normalised', steps=100, num=64, batch=16)
    held = study('2.5D, known rotations', steps=100, num=64, batch=16)
    assert free['loss'][-1] < 0.2 * free['loss'][0]
    assert free['diversity'][-1] < 0.5 * free['diversity'][0]
    assert free['error'][-1] > free['error'][0]
    assert held['diversity'][-1] > 0.7 and held['error'][-1] < held['error'][0]


def test_noisy_joints_make_a_wrong_depth_pay_unless_sizes_are_apparent():
    """With the true depths but for one joint of the pair, which only makes the pose
    smaller: the plain loss falls, that in units of the apparent size rises."""
    tool = load('benchmarks', 'noisy_joints.py')
    torch.manual_seed(0)
    views, _ = tool.seen(tool.poses(128, 0), 0)
    image = views[..., :2] / views[..., 2:]
    end, root = tool.PAIR
    unit = (views[..., end, :] - views[..., root, :]).norm(dim=-1)
    depth = (views[..., 2] - views[..., root : root + 1, 2]) / unit[..., None]
    wrong = depth.clone()
    wrong[..., end] = (depth[..., end].square() + 0.6**2).sqrt() * torch.where(
        depth[..., end] < 0, -1.0, 1.0
    )

    def loss(apparent, noise, depth):
        torch.manual_seed(1)
        seen = image + noise / 100 * tool.PERSON * torch.randn(image.shape)
        points, valid = reconstruct(seen, depth, torch.eye(3), tool.PAIR)
        left = length_left(rays(seen, torch.eye(3)), depth, tool.PAIR)
        consistency = MultiViewConsistencyLoss(apparent_size=apparent)
        # Masked poses count as 0: the mean over the pairs that are left
        both = valid[:, :, None] & valid[:, None] & ~torch.eye(4, dtype=torch.bool)
        return float(
            consistency(points, torch.ones(points.shape[:-1]), valid, size=tool.size_of(left))
        ) / float(both.float().sum() / (12 * len(points)))

    assert loss(False, 0.0, wrong) > loss(False, 0.0, depth) + 0.5
    assert loss(False, 5.0, wrong) < loss(False, 5.0, depth)
    for noise in (0.0, 2.0, 5.0):
        assert loss(True, noise, wrong) > loss(True, noise, depth)


def test_a_short_study_of_noisy_joints():
    tool = load('benchmarks', 'noisy_joints.py')
    labels, views = (
        tool.study(tool.ROWS[name], 1.0, steps=60, num=64, batch=16)
        for name in ('depth labels', 'views, apparent size')
    )
    assert labels['flat'] == views['flat'] and labels['valid'] == 1
    assert labels['error'] < labels['flat']
    assert 0.9 < labels['true_size'] <= 1
    report = dict(
        noises=[1.0],
        seeds=[0],
        steps=60,
        results={'depth labels': [[labels]], 'views': [[views, dict(views, error=300.0)]]},
    )
    lines = tool.table(report).splitlines()
    assert lines[0] == '| taught by | noise 1 % | apparent length |'
    assert lines[3].startswith(f'| views | {(views["error"] + 300) / 2:.0f} | ')


def test_losses_of_true_and_flat_depths_by_hand():
    tool = load('tools', 'analysis', 'view_losses.py')

    class Model:
        """A loss that is the mean depth, and one that is not counted."""

        @staticmethod
        def view_losses(pose, samples):
            return dict(unsup_loss_limbs=pose.relative.mean(), masked_poses=torch.tensor(5.0))

    labels = InstanceData(
        relative_depth=torch.tensor([[1.0, 2.0]]), keypoint_weights=np.array([[1.0, 1.0]])
    )
    sample = PoseDataSample(gt_instance_labels=labels)
    heatmaps = torch.zeros(2, 8, 8)
    heatmaps[0, 1, 1] = heatmaps[1, 5, 4] = 1.0
    sample.gt_fields = PixelData(heatmaps=heatmaps)
    pose = Pose2p5D(
        torch.tensor([[[1.0, 1.0], [4.0, 7.0]]]),
        torch.tensor([[4.0, 0.0]]),
        torch.ones(1, 2),
        heatmaps[None],
    )
    rows = tool.losses_of_depths(Model, pose, [sample])
    assert {name: values['sum'] for name, values in rows.items()} == dict(
        predicted=2.0, true=1.5, flat=0.0
    )

    class Decoder:
        @staticmethod
        def decode(maps):
            return np.array([[[1.0, 1.0], [4.0, 5.0]]]), np.ones((1, 2))

    errors = tool.joint_errors(pose, [sample], Decoder)
    assert errors.tolist() == [0.0, 0.5]  # 2 of 4 pixels
    text = tool.show(rows, errors)
    assert 'off by 25.0 %' in text and 'Flat depths have the lowest sum' in text
    rows['true']['sum'] = -1.0
    assert 'The true depths have the lowest sum' in tool.show(rows, errors)
