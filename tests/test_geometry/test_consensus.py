"""Consensus of views against known points, an independent slow version and properties."""

from itertools import combinations

import cv2
import numpy as np
import pytest
import torch
from scipy.optimize import least_squares

from mmpose_al.geometry.affine import similarity
from mmpose_al.geometry.cameras import project, transform_intrinsics
from mmpose_al.geometry.consensus import consensus, joint_pairs

JOINTS, PAIRS = 6, [(0, 1), (2, 3)]


def rig(groups=3, views=6, seed=0, lens=True):
    """Cameras on a ring that look at people near the origin, and the people's joints."""
    random = np.random.RandomState(seed)
    K, R, t = [], [], []
    for view in range(views):
        angle = 2 * np.pi * view / views + random.uniform(-0.1, 0.1)
        place = np.array([3000 * np.cos(angle), 3000 * np.sin(angle), random.uniform(500, 1500)])
        ahead = -place / np.linalg.norm(place)
        right = np.cross(ahead, [0, 0, 1.0])
        right /= np.linalg.norm(right)
        rotation = np.stack([right, np.cross(ahead, right), ahead])
        R.append(rotation)
        t.append(-rotation @ place)
        f = random.uniform(140, 170)
        K.append([[f, 0, 80], [0, f, 78], [0, 0, 1]])
    dist = random.uniform(-0.02, 0.02, (views, 5)) * lens
    points = random.uniform(-700, 700, (groups, JOINTS, 3))

    def tensor(x):
        return torch.tensor(np.array(x), dtype=torch.float64).expand(groups, *np.shape(x)).clone()

    cameras = dict(K=tensor(K), R=tensor(R), t=tensor(t), dist=tensor(dist))
    points = torch.from_numpy(points)
    return points, cameras, project(points[:, None], **cameras)[0]


def slow(pixels, cameras, threshold):
    """(point, inliers) of one joint: every pair of views by OpenCV, the best one fitted."""
    K, R, t, dist = (cameras[name].numpy() for name in ('K', 'R', 't', 'dist'))
    ideal = [
        cv2.undistortPoints(pixels[v].reshape(1, 1, 2), K[v], dist[v]).reshape(2)
        for v in range(len(K))
    ]

    def errors(X):
        shown = [
            cv2.projectPoints(X.reshape(1, 1, 3), cv2.Rodrigues(R[v])[0], t[v], K[v], dist[v])[0]
            for v in range(len(K))
        ]
        return np.linalg.norm(np.array(shown).reshape(-1, 2) - pixels, axis=1)

    best = (0, None)
    for a, b in combinations(range(len(K)), 2):
        cameras_of = [np.hstack([R[v], t[v][:, None]]) for v in (a, b)]
        X = cv2.triangulatePoints(*cameras_of, ideal[a], ideal[b])[:, 0]
        inliers = errors(X[:3] / X[3]) < threshold
        if inliers.sum() > best[0]:
            best = (inliers.sum(), inliers, X[:3] / X[3])
    fitted = least_squares(lambda X: errors(X)[best[1]], best[2], x_scale=100.0)
    return fitted.x, errors(fitted.x) < threshold


def test_outliers_learn_where_the_joint_is():
    """With up to three of six views wrong, all views get the true place."""
    points, cameras, true = rig()
    random = np.random.RandomState(1)
    seen, wrong = true.clone(), torch.zeros(true.shape[:3], dtype=torch.bool)
    for group in range(len(points)):
        for joint in range(JOINTS):
            for view in random.permutation(6)[: random.randint(4)]:
                seen[group, view, joint] += torch.from_numpy(random.choice([-1, 1], 2) * 25.0)
                wrong[group, view, joint] = True
    assert wrong.sum() > 15
    found = consensus(seen, **cameras, threshold=4.0, min_inliers=3)
    assert found.found.all()
    torch.testing.assert_close(found.pixels, true, atol=1e-3, rtol=0)
    torch.testing.assert_close(found.points, points, atol=1e-2, rtol=0)
    assert (found.inliers == ~wrong).all()
    assert found.errors[wrong].min() > 20 and found.errors[~wrong].max() < 1e-3


def test_against_a_slow_version():
    """Noise and outliers: the same inliers, and points where OpenCV and SciPy have them."""
    points, cameras, true = rig(groups=4, views=5, seed=3)
    random = np.random.RandomState(4)
    seen = true + torch.from_numpy(random.normal(0, 0.4, true.shape))
    spoilt = torch.from_numpy(random.rand(*true.shape[:3]) < 0.15)
    seen[spoilt] += torch.from_numpy(random.uniform(15, 40, (int(spoilt.sum()), 2)))
    found = consensus(seen, **cameras, threshold=4.0, min_inliers=3)
    compared = 0
    for group, joint in zip(*torch.where(found.found)):
        own = {name: value[group] for name, value in cameras.items()}
        X, inliers = slow(seen[group, :, joint].numpy(), own, 4.0)
        assert (found.inliers[group, :, joint].numpy() == inliers).all()
        assert np.linalg.norm(found.points[group, joint].numpy() - X) < 3  # mm, 3 m off
        compared += 1
    assert compared > 15


@pytest.mark.parametrize('lens', [False, True])
def test_left_and_right_exchanged_in_some_views(lens):
    points, cameras, true = rig(lens=lens)
    seen = true.clone()
    for group, view, (a, b) in [(0, 1, (0, 1)), (1, 4, (2, 3)), (1, 4, (0, 1)), (2, 0, (2, 3))]:
        seen[group, view, [a, b]] = true[group, view, [b, a]]
    found = consensus(seen, **cameras, threshold=4.0, min_inliers=4, pairs=PAIRS)
    expected = torch.zeros(3, 6, 2, dtype=torch.bool)
    expected[0, 1, 0] = expected[1, 4, 1] = expected[1, 4, 0] = expected[2, 0, 1] = True
    assert (found.exchanged == expected).all()
    assert found.inliers.all() and found.errors.max() < 1e-3
    torch.testing.assert_close(found.pixels, true, atol=1e-3, rtol=0)
    alone = consensus(seen, **cameras, threshold=4.0, min_inliers=4)
    assert not alone.inliers[0, 1, :2].any() and alone.exchanged.shape == (3, 6, 0)


def test_a_hidden_joint_on_its_pair_is_no_exchange():
    """Right drawn onto left (one arm hidden): an outlier, but nothing to exchange."""
    _, cameras, true = rig()
    seen = true.clone()
    seen[0, 2, 1] = true[0, 2, 0]
    found = consensus(seen, **cameras, threshold=2.0, min_inliers=3, pairs=PAIRS)
    assert not found.exchanged.any()
    assert found.inliers[0, 2].tolist() == [True, False] + [True] * 4
    torch.testing.assert_close(found.pixels, true, atol=1e-3, rtol=0)


def test_two_views_without_distortion():
    points, cameras, true = rig(views=2, lens=False)
    del cameras['dist']
    found = consensus(true, **cameras, threshold=1.0, min_inliers=2)
    torch.testing.assert_close(found.points, points, atol=1e-3, rtol=0)
    assert not consensus(true, **cameras, threshold=1.0, min_inliers=3).found.any()


def test_crops_that_are_turned_and_mirrored():
    """Cameras of crops, mirrored ones too, give the places in these crops."""
    points, cameras, true = rig(lens=False)
    angles = torch.tensor([10.0, -30, 0, 25, 5, -12]).double()
    scales = torch.tensor([0.5, 0.4, 0.45, 0.5, 0.6, 0.4]).double()
    flips = torch.tensor([True, False, True, False, False, False])
    matrix = similarity(angles, scales, (160, 160), flips).double()
    K = transform_intrinsics(cameras['K'], matrix.expand(3, 6, 2, 3))
    assert (torch.linalg.det(K[0, :, :2, :2]) < 0).tolist() == flips.tolist()
    moved = torch.einsum('vij,gvnj->gvni', matrix[:, :, :2], true) + matrix[:, None, :, 2]
    seen = moved.clone()
    seen[0, 0, 0] += 20
    found = consensus(seen, **dict(cameras, K=K), threshold=2.0, min_inliers=4)
    torch.testing.assert_close(found.points, points, atol=1e-2, rtol=0)
    torch.testing.assert_close(found.pixels, moved, atol=1e-3, rtol=0)


def test_confidence_weighs_by_its_square_and_none_takes_no_part():
    _, cameras, true = rig(groups=1, views=4, lens=False)
    shift = torch.tensor([[1.0, 0], [0, -1.0], [-0.5, 0.5], [0, 0.7]]).double()
    seen = true + shift[None, :, None]
    scores = torch.tensor([0.9, 0.5, 0.2, 0.7]).double()[None, :, None].expand(1, 4, JOINTS)
    found = consensus(seen, **cameras, scores=scores, threshold=9.0, min_inliers=4)
    own = {name: value[0] for name, value in cameras.items()}

    def residual(X):
        shown = project(torch.from_numpy(X)[None, None], **own)[0][:, 0]
        return ((shown - seen[0, :, 0]) * scores[0, :, :1]).numpy().ravel()

    best = least_squares(residual, found.points[0, 0].numpy() + 20, x_scale=100.0).x
    assert np.linalg.norm(best - found.points[0, 0].numpy()) < 0.5
    plain = consensus(seen, **cameras, threshold=9.0, min_inliers=4)
    assert (plain.points - found.points).norm(dim=-1).min() > 1

    scores = scores.clone()
    scores[:, 1] = 0
    seen = true.clone()
    seen[:, 1] += 50
    found = consensus(seen, **cameras, scores=scores, threshold=1.0, min_inliers=3)
    assert not found.inliers[:, 1].any()
    torch.testing.assert_close(found.pixels, true, atol=1e-3, rtol=0)


def test_no_consensus_no_camera_and_behind_it():
    _, cameras, true = rig(groups=2, lens=False)
    seen = true.clone()
    seen[0, :, 0] = torch.rand(6, 2).double() * 160  # nobody agrees
    seen[1, 2] = float('nan')  # says nothing
    cameras['K'][0, 3] = float('nan')  # no camera
    found = consensus(seen, **cameras, threshold=0.5, min_inliers=4)
    assert not found.found[0, 0] and found.found[0, 1:].all() and found.found[1].all()
    assert torch.isnan(found.pixels[0, :, 0]).all() and torch.isnan(found.pixels[0, 3]).all()
    assert not found.inliers[0, 3].any()
    torch.testing.assert_close(found.pixels[1], true[1], atol=1e-3, rtol=0)
    assert torch.isnan(found.errors[1, 2]).all()
    # A seventh camera beyond the people looks away from them.
    added = {name: torch.cat([value, value[:, :1]], 1) for name, value in cameras.items()}
    added['R'][:, 6] = torch.diag(torch.tensor([1.0, -1, -1]).double()) @ added['R'][:, 6]
    added['t'][:, 6] = torch.tensor([1.0, -1, -1]).double() * added['t'][:, 6]
    seen = torch.cat([seen, seen[:, :1]], 1)
    found = consensus(seen, **added, threshold=0.5, min_inliers=4)
    assert torch.isnan(found.pixels[:, 6]).all() and not found.inliers[:, 6].any()


def test_a_lens_that_folds_back_shows_nothing_there():
    """Outside the image k1 < 0 brings a far point back into it; that is no place."""
    _, cameras, _ = rig(groups=1, views=5, lens=False)
    cameras['dist'][:, :, 0] = -0.2
    points = torch.zeros(1, JOINTS, 3, dtype=torch.float64)
    cameras['dist'][:, 4, 0] = -0.9
    beside = cameras['R'][0, 4, 0] * 4000  # far to the right of the last camera
    cameras['t'][:, 4] += cameras['R'][:, 4] @ -beside
    seen = project(points[:, None], **cameras)[0]
    assert torch.isfinite(seen[:, 4]).all()
    seen[:, 4] = float('nan')  # of course nobody is seen there
    found = consensus(seen, **cameras, threshold=1.0, min_inliers=3)
    assert found.found.all() and torch.isfinite(found.pixels[:, :4]).all()
    assert torch.isnan(found.pixels[:, 4]).all()


def test_nobody_there():
    _, cameras, true = rig(groups=1)
    none = {name: value[:0] for name, value in cameras.items()}
    found = consensus(true[:0], **none, pairs=PAIRS)
    assert found.pixels.shape == (0, 6, JOINTS, 2) and found.found.shape == (0, JOINTS)


@pytest.mark.parametrize(
    'options, text',
    [
        (dict(pairs=[(0, 1), (1, 2)]), 'at most once'),
        (dict(pairs=[(0, JOINTS)]), 'at most once'),
        (dict(scores=torch.ones(1, 2, 3)), 'scores have shape'),
        (dict(min_inliers=1), 'at least 2'),
        (dict(threshold=0.0), 'above 0'),
    ],
)
def test_options_that_cannot_be(options, text):
    _, cameras, true = rig()
    with pytest.raises(ValueError, match=text):
        consensus(true, **cameras, **options)
    with pytest.raises(ValueError, match=r'\(G, V, J, 2\)'):
        consensus(true[0], **cameras)


def test_pairs_of_flip_indices():
    assert joint_pairs([0, 2, 1, 4, 3]) == [(1, 2), (3, 4)]
    assert joint_pairs([0, 1]) == []
