"""3D poses of single views that differ from view to view."""

import numpy as np
import pytest

from mmpose_al.active_learning.statistics import PoolStatistics
from tests.test_active_learning.rig import make_pool
from tests.test_active_learning.test_strategies.cases import build


def test_view_disagreement_by_hand():
    """Two views of each frame; the second's root is moved, its pose turned and bent."""
    pool = make_pool(3)
    keep = np.isin(pool.views.camera_id, (0, 1))
    views = pool.views.select(keep)
    pose = np.array([[0.0, 0, 0], [300, 0, 0], [0, 400, 0], [0, 0, 500], [200, 0, 90]])
    turned = pose @ np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]).T + [5.0, 6, 7]
    points = np.stack([pose, turned] * 3)
    points[3] = 1.1 * points[3]  # frame 1: 10 % larger
    points[4, 0, 0] = np.nan  # frame 2: one view has no depth
    # no extrinsics needed
    views = views.replace(keypoints_3d=points.astype(np.float32), R=np.full_like(views.R, np.nan))
    pool = PoolStatistics(views, pool.units, pool.labeled)
    worth = build(dict(type='ViewDisagreement3D')).utilities(pool)
    # a larger pose about the same centre: every joint is off by 10 % of its distance
    expected = 0.1 * np.linalg.norm(pose - pose.mean(0), axis=1).mean()
    assert worth[0] == pytest.approx(0, abs=0.01)
    assert worth[1] == pytest.approx(expected, rel=1e-4)
    assert np.isnan(worth[2])
    assert build(dict(type='ViewDisagreement3D')).select(pool, 2).ids == [20, 10]


def test_nothing_to_compare():
    pool = make_pool(3)
    views = pool.views
    pool.views = views.replace(keypoints_3d=np.full_like(views.keypoints_3d, np.nan))
    with pytest.raises(ValueError, match='intrinsics'):
        build(dict(type='ViewDisagreement3D')).select(pool, 1)
    pool.views = views.replace(frame_id=np.full_like(views.frame_id, -1))
    with pytest.raises(ValueError, match='no image of the pool has a frame_id'):
        build(dict(type='ViewDisagreement3D')).select(pool, 1)
