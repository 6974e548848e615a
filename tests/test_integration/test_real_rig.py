"""Four real cameras and a detector that took a bystander in one of them."""

import os.path as osp

import numpy as np
import pytest
import torch

from mmpose_al.geometry.cameras import undistort
from mmpose_al.geometry.triangulation import (
    Status,
    multi_view_consistency,
    triangulate_dlt,
    triangulate_robust,
)

FILE = osp.join(
    osp.dirname(__file__),
    '..',
    '..',
    '..',
    'shared',
    'data',
    'multiview',
    'pose2sim_singleperson.npz',
)
pytestmark = pytest.mark.skipif(not osp.isfile(FILE), reason='../shared/data/multiview is absent')
CAMERA_2 = 1  # counted from 1 in the recording


@pytest.fixture(scope='module')
def data():
    with np.load(FILE, allow_pickle=False) as file:
        data = {
            k: torch.from_numpy(file[k])
            for k in (
                'K',
                'R',
                't',
                'dist',
                'image_size',
                'kpts_mediapipe',
                'wrong_person_mediapipe',
            )
        }
    data['pixels'] = data['kpts_mediapipe'].double().transpose(1, 2)  # (F, 17, V, 2)
    data['cameras'] = [data[k] for k in ('K', 'R', 't', 'dist')]
    return data


def robust(data, pixels):
    out = triangulate_robust(pixels.flatten(0, 1), *data['cameras'], threshold=20.0)
    return type(out)(*(x.unflatten(0, pixels.shape[:2]) for x in out))


def plain(data, pixels):
    K, R, t, dist = data['cameras']
    ideal = undistort(pixels.permute(2, 0, 1, 3).flatten(1, 2), K, dist)
    points = triangulate_dlt(ideal.transpose(0, 1), K, R, t)
    return points.unflatten(0, pixels.shape[:2])


def test_bystander_frames(data):
    wrong = data['wrong_person_mediapipe']
    frames = wrong.any(1)
    assert frames.sum() == 21 and wrong[frames][:, CAMERA_2].all()
    out = robust(data, data['pixels'])
    assert (out.status == Status.OK).all()

    # The outlier of a frame: the camera with the largest mean reprojection error.
    named = out.errors[frames].nanmean(1).argmax(1) == CAMERA_2
    assert named.double().mean() >= 0.95

    without = data['pixels'].clone()
    without[:, :, CAMERA_2] = float('nan')
    moved = (out.points - robust(data, without).points).norm(dim=-1)[frames]
    assert moved.nanmedian() < 1.0
    moved = plain(data, data['pixels']) - plain(data, without)
    assert moved.norm(dim=-1)[frames].nanmedian() > 100.0

    diagonal = data['image_size'].double().norm(dim=-1)
    score = multi_view_consistency(out.errors, diagonal)
    assert set(score.topk(21).indices.tolist()) == set(frames.nonzero()[:, 0].tolist())
