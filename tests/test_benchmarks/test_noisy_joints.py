import torch

from benchmarks import noisy_joints
from mmpose_al.geometry.depth import length_left, rays, reconstruct
from mmpose_al.models.losses import MultiViewConsistencyLoss


def test_noisy_joints_make_a_wrong_depth_pay_unless_sizes_are_apparent():
    """With the true depths but for one joint of the pair, which only makes the pose
    smaller: the plain loss falls, that in units of the apparent size rises."""
    torch.manual_seed(0)
    views, _ = noisy_joints.seen(noisy_joints.poses(128, 0), 0)
    image = views[..., :2] / views[..., 2:]
    end, root = noisy_joints.PAIR
    unit = (views[..., end, :] - views[..., root, :]).norm(dim=-1)
    depth = (views[..., 2] - views[..., root : root + 1, 2]) / unit[..., None]
    wrong = depth.clone()
    wrong[..., end] = (depth[..., end].square() + 0.6**2).sqrt() * torch.where(
        depth[..., end] < 0, -1.0, 1.0
    )

    def loss(apparent, noise, depth):
        torch.manual_seed(1)
        seen = image + noise / 100 * noisy_joints.PERSON * torch.randn(image.shape)
        points, valid = reconstruct(seen, depth, torch.eye(3), noisy_joints.PAIR)
        left = length_left(rays(seen, torch.eye(3)), depth, noisy_joints.PAIR)
        consistency = MultiViewConsistencyLoss(apparent_size=apparent)
        # Masked poses count as 0: the mean over the pairs that are left
        both = valid[:, :, None] & valid[:, None] & ~torch.eye(4, dtype=torch.bool)
        return float(
            consistency(
                points, torch.ones(points.shape[:-1]), valid, size=noisy_joints.size_of(left)
            )
        ) / float(both.float().sum() / (12 * len(points)))

    assert loss(False, 0.0, wrong) > loss(False, 0.0, depth) + 0.5
    assert loss(False, 5.0, wrong) < loss(False, 5.0, depth)
    for noise in (0.0, 2.0, 5.0):
        assert loss(True, noise, wrong) > loss(True, noise, depth)


def test_a_short_study_of_noisy_joints():
    labels, views = (
        noisy_joints.study(noisy_joints.ROWS[name], 1.0, steps=60, num=64, batch=16)
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
    lines = noisy_joints.table(report).splitlines()
    assert lines[0] == '| taught by | noise 1 % | apparent length |'
    assert lines[3].startswith(f'| views | {(views["error"] + 300) / 2:.0f} | ')
