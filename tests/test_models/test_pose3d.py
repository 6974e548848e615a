"""The 2.5D head, the camera of a crop, groups of views (Iqbal20)."""

import copy
import json
import os.path as osp

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import DATA_SAMPLERS, DATASETS, KEYPOINT_CODECS, MODELS, TRANSFORMS
from mmpose.structures import PoseDataSample

from mmpose_al.datasets.samplers import SeededIndex
from mmpose_al.geometry.cameras import project
from mmpose_al.geometry.depth import limb_lengths, reconstruct, to_2p5d
from mmpose_al.models.heads.heatmap_2p5d import Heatmap2p5DHead
from tests.helpers import PREPROCESSOR

PAIR, ROOT = (5, 11), 11  # left shoulder and hip of COCO
SIZE, MAP = (64, 96), (16, 24)
CODEC = dict(
    type='Heatmap2p5D',
    input_size=SIZE,
    heatmap_size=MAP,
    sigma=1.5,
    unbiased=True,
    blur_kernel_size=7,
)
META = (
    'id',
    'img_id',
    'img_path',
    'ori_shape',
    'input_size',
    'input_center',
    'input_scale',
    'flip',
    'flip_indices',
    'frame_id',
    'person_id',
    'camera_id',
    'input_K',
    'input_dist',
    'input_R',
    'pose_3d',
    'camera',
    'is_labeled',
    'aug_seed',
)


def network(num_joints=17, norm=True, **head):
    return dict(
        type='TopdownPoseEstimator',
        data_preprocessor=PREPROCESSOR,
        backbone=dict(type='TinyBackbone', channels=8, norm=norm),
        head=dict(
            type='Heatmap2p5DHead',
            in_channels=8,
            out_channels=num_joints,
            pair=PAIR,
            deconv_out_channels=None,
            loss=dict(type='KeypointMSELoss', use_target_weight=True),
            decoder=CODEC,
            **head,
        ),
        test_cfg=dict(flip_test=False),
    )


@pytest.fixture(scope='module')
def tiny(tmp_path_factory):
    from mmpose_al.synthetic import write_benchmark

    folder = tmp_path_factory.mktemp('tiny3d')
    write_benchmark(str(folder), 'tiny', workers=1)
    return str(folder)


def pipeline(flip=0.0, rotation=0.0):
    return [
        dict(type='LoadImage'),
        dict(type='GetBBoxCenterScale', padding=1.25),
        dict(type='RandomFlip', prob=flip),
        dict(
            type='RandomBBoxTransform',
            shift_prob=0,
            scale_factor=(0.8, 1.2),
            rotate_factor=rotation,
            rotate_prob=1.0,
        ),
        dict(type='TopdownAffine', input_size=SIZE),
        dict(type='InputCamera', pair=PAIR, root=ROOT),
        dict(type='GenerateTarget', encoder=CODEC),
        dict(type='PackPoseInputs', meta_keys=META),
    ]


def dataset(tiny, unlabeled=True, **kwargs):
    source = dict(
        type='MultiViewCocoDataset',
        data_root=tiny,
        ann_file='train.json',
        data_prefix=dict(img='images/'),
    )
    labels = dict(labels=dict(unit='frames', num=1, seed=0))
    return DATASETS.build(
        dict(
            type='LabeledUnlabeledDataset',
            labeled=dict(source, subset='labeled', **labels),
            unlabeled=dict(source, subset='unlabeled', **labels) if unlabeled else None,
            pipeline=pipeline(**kwargs),
        )
    )


# ---- the camera of the input ---------------------------------------------------------


@pytest.mark.parametrize('flip', [0.0, 1.0])
def test_input_camera_projects_the_pose_onto_the_crop(tiny, flip):
    """The pose of the file, through the input's camera, lands on the input's joints."""
    data = dataset(tiny, flip=flip, rotation=30)
    np.random.seed(0)
    for index in range(4):
        results = data.get_data_info(index)
        for transform in data.pipeline.transforms[:-2]:
            results = transform(results)
        pose = results['pose_3d']
        camera = results['camera']
        points = pose[:, :3] @ camera['R'].T + camera['t']
        if flip:
            points = points[results['flip_indices']] * [-1, 1, 1]
        pixels, _ = project(
            torch.from_numpy(points),
            torch.from_numpy(results['input_K']).double(),
            torch.eye(3, dtype=torch.float64),
            torch.zeros(3, dtype=torch.float64),
            torch.from_numpy(results['input_dist']).double(),
        )
        seen = results['keypoints_visible'][0] > 0
        gap = pixels.numpy()[seen] - results['transformed_keypoints'][0][seen]
        assert np.abs(gap).max() < 0.1
        # 3D -> 2.5D -> 3D through what the network is given
        scale = np.linalg.norm(points[PAIR[0]] - points[PAIR[1]])
        lifted = reconstruct(
            pixels,
            torch.from_numpy(results['relative_depth'][0]).double(),
            torch.from_numpy(results['input_K']).double(),
            PAIR,
            torch.from_numpy(results['input_dist']).double(),
        )
        assert bool(lifted.valid)
        assert np.abs(lifted.points.numpy() * scale - points).max() < 0.1  # mm


def test_distortion_of_a_mirrored_camera():
    points = torch.tensor([[0.3, -0.2, 2.0], [-0.5, 0.4, 3.0]], dtype=torch.float64)
    K = np.array([[500.0, 0, 310], [0, 520, 250], [0, 0, 1]])
    dist = [
        -0.2,
        0.05,
        0.01,
        -0.02,
        0.003,
        0.01,
        0.02,
        0.001,
        0.004,
        0.002,
        0.003,
        0.001,
        0.01,
        -0.02,
    ]
    eye, zero = torch.eye(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    seen, _ = project(
        points, torch.from_numpy(K), eye, zero, torch.tensor(dist, dtype=torch.float64)
    )
    results = dict(
        camera=dict(K=K, R=np.eye(3), t=np.zeros(3), dist=dist),
        flip=True,
        keypoints=np.zeros((1, 17, 2)),
        ori_shape=(480, 640),
        flip_indices=range(17),
        input_center=np.array([319.5, 239.5]),
        input_scale=np.array([640.0, 480.0]),
        input_size=(640, 480),
    )
    out = TRANSFORMS.build(dict(type='InputCamera', pair=PAIR, root=ROOT)).transform(results)
    mirrored, _ = project(
        points * torch.tensor([-1.0, 1, 1]),
        torch.from_numpy(out['input_K']).double(),
        eye,
        zero,
        torch.from_numpy(out['input_dist']).double(),
    )
    crop = results['input_center'] - results['input_scale'] / 2
    expected = torch.stack([639 - seen[:, 0], seen[:, 1]], 1) - torch.from_numpy(crop)
    assert (mirrored - expected).abs().max() < 1e-3


@pytest.mark.parametrize('direction', ['vertical', 'diagonal'])
def test_other_flips_have_no_camera(direction):
    results = dict(
        img_path='x.jpg',
        camera=dict(K=np.eye(3), R=np.eye(3), t=np.zeros(3)),
        flip=True,
        flip_direction=direction,
        keypoints=np.zeros((1, 17, 2)),
        ori_shape=(480, 640),
        flip_indices=range(17),
        input_size=(640, 480),
        input_center=np.array([319.5, 239.5]),
        input_scale=np.array([640.0, 480.0]),
    )
    transform = TRANSFORMS.build(dict(type='InputCamera', pair=PAIR, root=ROOT))
    with pytest.raises(ValueError, match=f'x.jpg: .* {direction} flip'):
        transform.transform(dict(results))
    for fine in (dict(flip=False), dict(flip_direction='horizontal')):
        assert 'input_K' in transform.transform(dict(results, **fine))


def test_input_camera_errors():
    make = TRANSFORMS.build
    with pytest.raises(ValueError, match='two different'):
        make(dict(type='InputCamera', pair=(1, 1), root=0))
    with pytest.raises(ValueError, match='no camera'):
        make(dict(type='InputCamera', pair=PAIR, root=ROOT)).transform(dict(img_path='x.jpg'))
    with pytest.raises(ValueError, match='beyond the 4'):
        make(dict(type='InputCamera', pair=PAIR, root=ROOT)).transform(
            dict(camera=dict(), keypoints=np.zeros((1, 4, 2)))
        )


@pytest.mark.parametrize('first', ['InputCamera', 'PoseRandAugment'])
def test_a_crop_that_is_turned_beside_its_camera_is_an_error(tiny, first):
    data = dataset(tiny)
    results = data.get_data_info(0)
    turn = TRANSFORMS.build(dict(type='PoseRandAugment', ops=['Rotate']))
    for transform in data.pipeline.transforms[:-2]:
        if type(transform).__name__ == 'InputCamera':
            steps = [transform, turn] if first == 'InputCamera' else [turn, transform]
            with pytest.raises(ValueError, match='Rotate .* leave it out of ops'):
                for step in steps:
                    results = step(results)
            return
        results = transform(results)
    raise AssertionError('no InputCamera in the pipeline')


# ---- codec and head ------------------------------------------------------------------


def test_codec_round_trip():
    codec = KEYPOINT_CODECS.build(CODEC)
    keypoints = np.random.RandomState(0).uniform(12, 48, (1, 17, 2)).astype(np.float32)
    depth = np.linspace(-1, 1, 17, dtype=np.float32)[None]
    encoded = codec.encode(keypoints, np.ones((1, 17)), depth, np.ones((1, 17)))
    decoded, scores = codec.decode_depth(encoded['heatmaps'], encoded['relative_depth'][0])
    assert decoded.shape == (1, 17, 3) and scores.min() > 0.8
    assert np.abs(decoded[..., :2] - keypoints).max() < 0.5
    assert (decoded[..., 2] == depth).all()
    assert not codec.encode(keypoints)['relative_depth_weights'].any()


def head_with(decoder=CODEC, **kwargs):
    return MODELS.build(ConfigDict(dict(network(**kwargs)['head'], decoder=decoder)))


def test_eq4_and_5_read_what_is_in_the_maps():
    head = head_with()
    centers = torch.tensor([[4.0, 7.0], [9.0, 15.0]]).repeat(9, 1)[:17]
    from mmpose_al.geometry.heatmaps import gaussians

    heatmaps = gaussians(centers[None], MAP, 1.5)
    depths = torch.arange(17.0)[None, :, None, None].expand(1, 17, MAP[1], MAP[0])
    pose = head.read(torch.cat([heatmaps, depths], 1))
    assert torch.allclose(pose.pixels[0], centers * 4, atol=0.02)
    assert torch.allclose(pose.relative[0], torch.arange(17.0), atol=1e-3)
    assert torch.allclose(pose.confidence, torch.ones(1, 17), atol=0.01)


def test_perfect_maps_give_the_pose_in_millimetres(tiny):
    """Heatmaps and depths of the truth, through predict: the pose of the file."""
    data = dataset(tiny)
    sample = data[0]['data_samples']
    meta = sample.metainfo
    camera, pose = meta['camera'], meta['pose_3d']
    points = torch.from_numpy(pose[:, :3] @ camera['R'].T + camera['t'])
    K = torch.from_numpy(meta['input_K']).double()
    pixels, relative, scale = to_2p5d(
        points, K, PAIR, ROOT, torch.from_numpy(meta['input_dist']).double()
    )
    limbs = [(5, 7), (7, 9), (11, 13), (13, 15), (5, 11)]
    lengths = limb_lengths(points, limbs).tolist()
    head = head_with(limbs=limbs, mean_lengths=lengths)
    pose_2p5d = head.read(torch.zeros(1, 34, MAP[1], MAP[0]))._replace(
        pixels=pixels[None].float(), relative=relative[None].float()
    )
    head.pose = lambda feats: pose_2p5d
    (instance,) = head.predict(None, [sample])
    assert np.abs(instance.keypoints_3d[0] - points.numpy()).max() < 2.0  # float32
    (plain,) = head_with_pose(pose_2p5d).predict(None, [sample])
    assert np.abs(plain.keypoints_3d[0] * float(scale) - points.numpy()).max() < 2.0
    nan = pose_2p5d._replace(pixels=torch.zeros(1, 17, 2))
    (lost,) = head_with_pose(nan).predict(None, [sample])
    assert np.isnan(lost.keypoints_3d).all()


def head_with_pose(pose):
    head = head_with()
    head.pose = lambda feats: pose
    return head


def test_eq6_by_hand():
    head = head_with(depth_weight=5.0)
    torch.manual_seed(0)
    output = torch.randn(2, 34, MAP[1], MAP[0])
    head.forward = lambda feats: output
    samples = []
    for known in (1.0, 0.0):
        sample = PoseDataSample()
        sample.gt_fields = PixelData(heatmaps=torch.rand(17, MAP[1], MAP[0]))
        sample.gt_instance_labels = InstanceData(
            keypoint_weights=torch.ones(1, 17),
            relative_depth=torch.full((1, 17), 0.5),
            relative_depth_weights=torch.full((1, 17), known),
        )
        samples.append(sample)
    losses = head.loss(None, samples)
    pose = head.read(output)
    truth = torch.stack([s.gt_fields.heatmaps for s in samples])
    assert float(losses['loss_kpt']) == pytest.approx(
        float((output[:, :17] - truth).pow(2).mean()), rel=1e-5
    )
    squared = (pose.relative[0] - 0.5).pow(2).sum()  # the second pose is not known
    assert float(losses['loss_depth']) == pytest.approx(5 * float(squared) / 34, rel=1e-5)
    samples[1].set_metainfo(dict(img_path='x.jpg'))
    del samples[1].gt_instance_labels.relative_depth
    with pytest.raises(ValueError, match='x.jpg has no relative_depth'):
        head.loss(None, samples)
    del samples[0].gt_instance_labels.relative_depth
    assert set(head.loss(None, samples)) == {'loss_kpt'}


@pytest.mark.parametrize('separate', [True, False])
@pytest.mark.parametrize(
    'layers',
    [
        dict(deconv_out_channels=(6,), deconv_kernel_sizes=(4,)),
        dict(deconv_out_channels=None, conv_out_channels=(6,), conv_kernel_sizes=(3,)),
    ],
)
def test_separate_depth_has_layers_of_its_own(layers, separate):
    torch.manual_seed(0)
    head = Heatmap2p5DHead(8, 17, PAIR, separate_depth=separate, **layers)
    feats = (torch.randn(2, 8, 12, 8),)
    shared = [
        weight
        for name, weight in head.named_parameters()
        if not name.startswith(('depth_layers', 'final_layer'))
    ]

    def moved_by(maps, weights):
        head.zero_grad()
        maps.square().sum().backward()
        return any(w.grad is not None and bool(w.grad.any()) for w in weights)

    assert head(feats).shape[:2] == (2, 34)
    assert moved_by(head(feats)[:, :17], shared)
    assert moved_by(head(feats)[:, 17:], shared) != separate
    if separate:
        own = list(head.depth_layers.parameters())
        assert moved_by(head(feats)[:, 17:], own)
        assert not moved_by(head(feats)[:, :17], own)


def test_head_refuses():
    for bad in (
        dict(pair=(3, 3)),
        dict(pair=(3, 17)),
        dict(limbs=[(0, 1)]),
        dict(limbs=[(0, 99)], mean_lengths=[1.0]),
    ):
        with pytest.raises(ValueError):
            Heatmap2p5DHead(8, 17, **dict(dict(pair=PAIR), **bad))
    with pytest.raises(ValueError, match='flip test'):
        head_with().predict(None, [], dict(flip_test=True))
    with pytest.raises(ValueError, match='InputCamera'):
        head_with().lift(
            head_with().read(torch.zeros(1, 34, MAP[1], MAP[0])),
            [PoseDataSample(metainfo=dict(img_path='x'))],
        )
    with pytest.raises(ValueError, match="x has no input_dist: .*'input_dist' into"):
        head_with().lift(
            head_with().read(torch.zeros(1, 34, MAP[1], MAP[0])),
            [PoseDataSample(metainfo=dict(img_path='x', input_K=np.eye(3)))],
        )


# ---- batches and training ------------------------------------------------------------


def batch_of(tiny, num_groups=1, num_views=3, labeled=2, **kwargs):
    data = dataset(tiny, **kwargs)
    size = labeled + num_groups * num_views
    sampler = DATA_SAMPLERS.build(
        dict(
            type='LabeledGroupSampler',
            batch_size=size,
            num_groups=num_groups,
            num_views=num_views,
            seed=0,
        ),
        default_args=dict(dataset=data),
    )
    indices = [i for _, i in zip(range(size), iter(sampler))]
    samples = [data[i] for i in indices]
    return (
        torch.stack([s['inputs'].float() / 255 for s in samples]),
        [s['data_samples'] for s in samples],
        sampler,
        data,
    )


def test_groups_are_views_of_one_frame_drawn_afresh(tiny):
    _, samples, sampler, data = batch_of(tiny, num_groups=2)
    assert [s.metainfo['is_labeled'] for s in samples] == [True] * 2 + [False] * 6
    for start in (2, 5):
        group = samples[start : start + 3]
        assert len({s.metainfo['frame_id'] for s in group}) == 1
        assert len({s.metainfo['camera_id'] for s in group}) == 3
    assert len({s.metainfo['aug_seed'] for s in samples}) == 8
    assert len(data.unlabeled_groups()) == 3
    assert all(len(views) == 4 for views in data.unlabeled_groups())
    # another pass over the groups draws other views
    sampler.endless = True
    stream = iter(sampler)
    seen = {}
    for _ in range(20):
        batch = [next(stream) for _ in range(8)][2:]
        for start in (0, 3):
            chosen = batch[start : start + 3]
            frame = [
                k for k, views in enumerate(data.unlabeled_groups()) if int(chosen[0]) in views
            ][0]
            seen.setdefault(frame, set()).add(frozenset(map(int, chosen)))
    assert all(len(choices) > 1 for choices in seen.values())
    # resuming at an iteration gives the same batches
    sampler.start_iteration = 3
    late = [int(i) for _, i in zip(range(8), iter(sampler))]
    sampler.start_iteration = 0
    early = [int(i) for _, i in zip(range(32), iter(sampler))]
    assert late == early[24:]


def test_a_view_that_cannot_be_read_is_replaced_by_one_of_its_group(tiny):
    data = dataset(tiny)
    data.on_error = 'skip'
    group = data.unlabeled_groups()[1].tolist()
    prepare, bad = data.prepare_data, group[:2]

    def broken(index):
        return None if index in bad else prepare(index)

    data.prepare_data = broken
    taken = {
        tuple(
            data[SeededIndex(index, seed)]['data_samples'].metainfo[key]
            for key in ('frame_id', 'id')
        )
        for index in bad
        for seed in range(8)
    }
    expected = {
        tuple(prepare(index)['data_samples'].metainfo[key] for key in ('frame_id', 'id'))
        for index in group[2:]
    }
    assert taken == expected


def test_small_groups_repeat_views_and_single_ones_are_an_error(tiny):
    _, samples, _, _ = batch_of(tiny, num_views=6)
    cameras = [s.metainfo['camera_id'] for s in samples[2:]]
    assert sorted(set(cameras)) == sorted(set(cameras[:4])) and len(cameras) == 6
    data = dataset(tiny)
    data.datasets[1].data_list = None
    lonely = DATASETS.build(
        dict(
            type='MultiViewCocoDataset',
            data_root=tiny,
            ann_file='train.json',
            data_prefix=dict(img='images/'),
            cameras=['camera00'],
        )
    )
    data.datasets[1] = lonely
    data._lens[1] = len(lonely)
    with pytest.raises(ValueError, match='one view'):
        data.unlabeled_groups()
    for bad in (dict(num_groups=0), dict(num_views=1), dict(batch_size=3)):
        with pytest.raises(ValueError, match='LabeledGroupSampler'):
            DATA_SAMPLERS.build(
                dict(
                    dict(type='LabeledGroupSampler', batch_size=8, num_groups=1, num_views=4), **bad
                ),
                default_args=dict(dataset=data),
            )
    with pytest.raises(
        ValueError, match='holds 4 groups of views on each of 1 .* has 3; make num_groups smaller'
    ):
        batch_of(tiny, num_groups=4)


def build(**kwargs):
    torch.manual_seed(0)
    config = dict(
        type='WeaklySupervisedPose3D',
        network=network(**kwargs.pop('network', {})),
        num_views=3,
        **kwargs,
    )
    return MODELS.build(ConfigDict(config)).train()


LIMBS = dict(limbs=[(5, 7), (11, 13)], mean_lengths=[0.55, 0.8])


@pytest.mark.parametrize(
    'kwargs, names',
    [
        (dict(), set()),
        (dict(multi_view=dict(loss_weight=10.0)), {'unsup_loss_multi_view'}),
        (
            dict(multi_view=dict(), limbs=LIMBS, known_rotations=True),
            {'unsup_loss_multi_view', 'unsup_loss_limbs'},
        ),
        (dict(limbs=LIMBS, regularize=True), {'unsup_loss_limbs', 'unsup_loss_kpt'}),
    ],
)
def test_losses_of_the_settings(tiny, kwargs, names):
    inputs, samples, _, _ = batch_of(tiny)
    model = build(**copy.deepcopy(kwargs))
    losses = model.loss(inputs, samples)
    assert {k for k in losses if k.startswith('unsup')} == names
    assert {'sup_loss_kpt', 'sup_loss_depth'} <= set(losses)
    assert ('masked_poses' in losses) is bool(names)
    total = sum(v for k, v in losses.items() if 'loss' in k)
    total.backward()
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    assert all(torch.isfinite(g).all() for g in grads) and grads


def test_weak_training_without_depth_never_sees_the_truth(tiny):
    inputs, samples, _, _ = batch_of(tiny)
    model = build(multi_view=dict())
    for sample in samples:
        sample.gt_instance_labels.relative_depth_weights.zero_()
    losses = model.loss(inputs, samples)
    assert float(losses['sup_loss_depth']) == 0


def test_hard_random_steps_stay_finite(tiny):
    """200 random outputs, many of them without a root depth."""
    inputs, samples, _, _ = batch_of(tiny)
    model = build(multi_view=dict(), limbs=LIMBS)
    masked = 0
    for step in range(200):
        torch.manual_seed(step)
        output = (torch.randn(3, 34, MAP[1], MAP[0]) * 10.0 ** (step % 4 - 2)).requires_grad_()
        model.head.forward = lambda feats: output
        losses = model.unsupervised_loss(inputs[2:], samples[2:])
        total = losses['unsup_loss_multi_view'] + losses['unsup_loss_limbs']
        total.backward()
        assert torch.isfinite(total) and torch.isfinite(output.grad).all()
        masked += float(losses['masked_poses'])
    assert masked > 0


def test_bad_groups_are_named(tiny):
    inputs, samples, _, _ = batch_of(tiny)
    model = build(multi_view=dict())
    with pytest.raises(ValueError, match='no groups of 3'):
        model.loss(inputs[:4], samples[:4])
    other = [copy.deepcopy(s) for s in samples]
    other[3].set_metainfo(dict(frame_id=-7))
    with pytest.raises(ValueError, match='of one group'):
        model.loss(inputs, other)
    with pytest.raises(ValueError, match='Heatmap2p5DHead'):
        from tests.helpers import student

        MODELS.build(ConfigDict(dict(type='WeaklySupervisedPose3D', network=student())))
    with pytest.raises(ValueError, match='num_views'):
        MODELS.build(
            ConfigDict(dict(type='WeaklySupervisedPose3D', network=network(), num_views=1))
        )


def test_predictions_are_ordinary_samples(tiny):
    inputs, samples, _, _ = batch_of(tiny)
    model = build().eval()
    with torch.no_grad():
        result = model(inputs, samples, mode='predict')
    instance = result[0].pred_instances
    assert instance.keypoints.shape == (1, 17, 2)
    assert instance.keypoints_3d.shape == (1, 17, 3)
    assert instance.keypoint_scores.shape == (1, 17)


# ---- what the paper does not have ----------------------------------------------------

HANDED = dict(triples=[[(11, 12), (13, 11), (15, 13)]], loss_weight=1.0)


def test_handedness_and_range_reach_the_depth_maps(tiny):
    inputs, samples, _, _ = batch_of(tiny)
    model = build(handedness=HANDED, range_weight=2.0)
    output = torch.zeros(3, 34, MAP[1], MAP[0])
    for joint, (x, y) in {
        5: (4, 4),
        11: (4, 12),
        12: (8, 12),
        13: (4, 16),
        14: (8, 16),
        15: (4, 20),
        16: (8, 20),
    }.items():
        output[:, joint, y, x] = 1.0
    output[:, 17 + 5] = 3.0  # three times as deep as the pair is long
    output.requires_grad_()
    model.head.forward = lambda feats: output
    losses = model.unsupervised_loss(inputs[2:], samples[2:])
    assert set(losses) == {'unsup_loss_handedness', 'unsup_loss_range', 'masked_poses'}
    assert float(losses['masked_poses']) == 3
    assert float(losses['unsup_loss_handedness']) == 0  # masked
    # about 1 - 3² below zero; the exact value depends on the rays
    left = model.head.length_left(model.head.read(output), samples[2:])
    assert (left < -5).all()
    assert float(losses['unsup_loss_range']) == pytest.approx(
        2 * float((0.1 - left).mean()), rel=1e-5
    )
    losses['unsup_loss_range'].backward()
    assert (output.grad[:, 17 + 5].sum((-2, -1)) > 0).all()  # less deep is better


def test_apparent_size_is_what_the_depths_leave_of_the_pair(tiny):
    inputs, samples, _, _ = batch_of(tiny)
    seen = {}
    model = build(multi_view=dict(apparent_size=True))
    model.multi_view.forward = lambda *args, size, **kwargs: seen.update(size=size) or size.sum()
    output = torch.zeros(3, 34, MAP[1], MAP[0])
    for joint in range(17):
        output[:, joint, 4 if joint == 5 else 12, 4] = 1.0
    for view, deeper in enumerate((0.0, 0.6, 3.0)):
        output[view, 17 + 5] = deeper  # in units of the pair's distance
    model.head.forward = lambda feats: output
    model.unsupervised_loss(inputs[2:], samples[2:])
    # Nearly along the line of sight: 1, sqrt(1 - 0.6²), and no less than sqrt(0.1)
    assert seen['size'].shape == (1, 3)
    assert seen['size'][0].tolist() == pytest.approx([1, 0.8, 0.1**0.5], abs=0.02)


def test_coincident_reference_joints_are_masked_and_counted(tiny):
    inputs, samples, _, _ = batch_of(tiny)
    model = build(multi_view=dict(), limbs=LIMBS)
    output = torch.zeros(3, 34, MAP[1], MAP[0])
    output[:, :17, 12, 8] = 1.0  # all joints on one pixel
    output.requires_grad_()
    model.head.forward = lambda feats: output
    losses = model.unsupervised_loss(inputs[2:], samples[2:])
    assert float(losses['masked_poses']) == 3
    total = losses['unsup_loss_multi_view'] + losses['unsup_loss_limbs']
    total.backward()
    assert float(total) == 0 and not output.grad.abs().any()


def test_mirrored_groups_are_an_error(tiny):
    inputs, samples, _, _ = batch_of(tiny, flip=1.0)
    with pytest.raises(ValueError, match='Take RandomFlip out'):
        build(multi_view=dict()).loss(inputs, samples)


def test_images_without_a_camera():
    transform = TRANSFORMS.build(dict(type='InputCamera', pair=PAIR, root=ROOT, optional=True))
    out = transform.transform(dict(keypoints=np.zeros((1, 17, 2))))
    assert 'input_K' not in out and not out['relative_depth_weights'].any()
    head = head_with()
    with pytest.raises(ValueError, match='no input_K'):
        head.lift(
            head.read(torch.zeros(1, 34, MAP[1], MAP[0])),
            [PoseDataSample(metainfo=dict(img_path='x.jpg'))],
        )


def test_unknown_rotations_are_an_error(tiny):
    inputs, samples, _, _ = batch_of(tiny)
    stripped = []
    for sample in samples:
        meta = {k: v for k, v in sample.metainfo.items() if k != 'input_R'}
        bare = PoseDataSample(metainfo=meta)
        bare.gt_fields = sample.gt_fields
        bare.gt_instance_labels = sample.gt_instance_labels
        stripped.append(bare)
    model = build(multi_view=dict(), known_rotations=True)
    with pytest.raises(ValueError, match='no input_R'):
        model.loss(inputs, stripped)


def test_subjects_and_hidden_3d(tiny):
    source = dict(
        type='MultiViewCocoDataset',
        data_root=tiny,
        ann_file='train.json',
        data_prefix=dict(img='images/'),
    )
    whole = DATASETS.build(source)
    with open(tiny + '/train.json') as file:
        names = sorted({frame['subject'] for frame in json.load(file)['frames']})
    one = DATASETS.build(dict(source, subjects=names[:1]))
    assert 0 < len(one) <= len(whole)
    assert sum(len(DATASETS.build(dict(source, subjects=[n]))) for n in names) == len(whole)
    assert 'pose_3d' in whole.get_data_info(0)
    hidden = DATASETS.build(dict(source, poses_3d=False))
    assert 'pose_3d' not in hidden.get_data_info(0)
    assert 'camera' in hidden.get_data_info(0)
    with pytest.raises(ValueError, match="unknown: 'nobody'. The file has"):
        DATASETS.build(dict(source, subjects=['nobody']))
    with pytest.raises(ValueError, match='list of'):
        DATASETS.build(dict(source, subjects='train_00'))


def test_views_of_other_skeletons_are_an_error(tiny):
    source = dict(
        type='MultiViewCocoDataset',
        data_root=tiny,
        ann_file='train.json',
        data_prefix=dict(img='images/'),
    )
    with pytest.raises(ValueError, match='has 17 joints'):
        DATASETS.build(
            dict(
                type='LabeledUnlabeledDataset',
                labeled=dict(source, cameras=['camera00']),
                unlabeled=dict(source, cameras=['camera01', 'camera02']),
                pipeline=[],
                metainfo=dict(from_file='configs/_base_/datasets/mpii.py'),
            )
        )


@pytest.mark.parametrize('wrapped', [False, True])
def test_the_pool_is_scored_with_the_poses_that_the_model_predicts(tiny, wrapped):
    """ViewDisagreement3D sees what tools/test.py would write."""
    from mmengine.dataset import pseudo_collate

    from mmpose_al.active_learning.scoring import score_pool
    from mmpose_al.active_learning.statistics import load_views, save_views

    torch.manual_seed(0)
    config = network(limbs=[[5, 11], [11, 13]], mean_lengths=[500.0, 420.0])
    if wrapped:
        config = dict(type='WeaklySupervisedPose3D', network=config, num_views=2)
    model = MODELS.build(ConfigDict(config)).eval()
    data = dataset(tiny)
    batch = pseudo_collate([data[i] for i in range(4)])
    views = score_pool(model, [copy.deepcopy(batch)], 'frames', ('keypoints_3d',))
    with torch.no_grad():
        samples = model.test_step(batch)
    assert views.keypoints_3d.shape == (4, 17, 3)
    order = {int(i): row for row, i in enumerate(views.id)}
    for sample in samples:
        row, found = order[int(sample.metainfo['id'])], sample.pred_instances
        np.testing.assert_allclose(
            views.keypoints_3d[row], found.keypoints_3d[0], rtol=1e-4, atol=1e-2
        )
        np.testing.assert_allclose(views.keypoints[row], found.keypoints[0], atol=1e-2)
        np.testing.assert_allclose(views.scores[row], found.keypoint_scores[0], atol=1e-5)
    path = osp.join(tiny, 'scores.npz')
    save_views(views, path)
    np.testing.assert_array_equal(load_views(path).keypoints_3d, views.keypoints_3d)
