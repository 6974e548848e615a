"""A small rig with statistics that are known, for tests of strategies."""

import numpy as np
import torch

from mmpose_al.active_learning.statistics import PoolStatistics, ViewStatistics
from mmpose_al.geometry.cameras import project

NUM_VIEWS, JOINTS = 4, 5


def ring(num=NUM_VIEWS, radius=3000.0):
    """Cameras on a ring that look at the origin; world in mm."""
    K = np.tile(np.array([[800.0, 0, 320], [0, 800, 240], [0, 0, 1]]), (num, 1, 1))
    R, t = [], []
    for angle in np.arange(num) / num * 2 * np.pi:
        center = radius * np.array([np.cos(angle), np.sin(angle), 0.2])
        forward = -center / np.linalg.norm(center)
        right = np.cross(forward, [0, 0, 1.0])
        right /= np.linalg.norm(right)
        R.append(np.stack([right, np.cross(forward, right), forward]))
        t.append(-R[-1] @ center)
    return K, np.stack(R), np.stack(t)


def make_views(num_frames, noise=1.0, seed=0, frame_ids=None, points=None):
    """Views of frames of one person, noisy by ``noise`` (a number or one a frame)."""
    rng, depth_rng = np.random.RandomState(seed), np.random.RandomState(seed + 1)
    K, R, t = ring()
    if points is None:
        points = rng.normal(0, 300, (num_frames, JOINTS, 3))
    frame_ids = np.arange(num_frames) * 10 if frame_ids is None else frame_ids
    noise = np.broadcast_to(noise, (num_frames,))
    rows = []
    for index, frame in enumerate(frame_ids):
        pixels, _ = project(
            torch.from_numpy(points[index]).expand(NUM_VIEWS, -1, -1),
            *map(torch.from_numpy, (K, R, t)),
        )
        pixels = pixels.numpy() + rng.normal(0, 1, pixels.shape) * noise[index]
        for view in range(NUM_VIEWS):
            rows.append(
                dict(
                    id=frame * NUM_VIEWS + view,
                    image_id=frame * NUM_VIEWS + view,
                    unit=frame,
                    frame_id=frame,
                    camera_id=view,
                    person_id=0,
                    keypoints=pixels[view],
                    scores=np.ones(JOINTS),
                    margin=rng.rand(),
                    entropy=rng.rand(),
                    disagreement=rng.rand(),
                    highest_probability=depth_rng.rand(),
                    features=rng.rand(6),
                    appearance=depth_rng.rand(7),
                    keypoints_3d=(
                        points[index] @ R[view].T
                        + t[view]
                        + depth_rng.normal(0, 10 * (1 + noise[index]), points[index].shape)
                    ),
                    diagonal=800.0,
                    box_side=320.0,
                    K=K[view],
                    R=R[view],
                    t=t[view],
                    dist=np.zeros(14),
                )
            )
    columns = {name: np.stack([np.asarray(row[name]) for row in rows]) for name in rows[0]}
    return ViewStatistics(**columns), points


def make_pool(
    num_frames=20,
    labeled=(),
    noise=1.0,
    seed=0,
    order=None,
    points=None,
    sequences=None,
    times=None,
    round=0,
    pool_seed=0,
    threshold=20.0,
    seconds=None,
):
    views, _ = make_views(num_frames, noise, seed, points=points)
    units = np.arange(num_frames) * 10
    order = np.arange(num_frames) if order is None else order
    shuffled = np.random.RandomState(1).permutation(len(views.id))
    if order is not None and list(order) != list(range(num_frames)):
        views = views.select(shuffled)
    return PoolStatistics(
        views,
        units[order],
        np.isin(units[order], labeled),
        None if sequences is None else np.asarray(sequences)[order],
        None if times is None else np.asarray(times)[order],
        seed=pool_seed,
        round=round,
        threshold=threshold,
        seconds=None if seconds is None else np.asarray(seconds)[order],
    )
