"""The 2.5D head (Iqbal20, Eq. 4 to 6)."""

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS, TRANSFORMS
from mmpose.structures import PoseDataSample

from mmpose_al.geometry.depth import limb_lengths, to_2p5d
from mmpose_al.models.heads.heatmap_2p5d import Heatmap2p5DHead
from tests.views_3d import CODEC, MAP, PAIR, ROOT, dataset, network


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
