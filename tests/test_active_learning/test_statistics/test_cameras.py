"""Cameras of views, NaN where there is none."""

import numpy as np
import pytest

from mmpose_al.active_learning.scoring import score_batch
from mmpose_al.active_learning.statistics import chosen_statistics
from tests.test_active_learning.test_statistics.batches import (
    CAMERA,
    change,
    make_batch,
    make_samples,
)

NAMES = ('K', 'R', 't', 'dist')


def cameras_of(samples):
    return score_batch(make_batch(samples=samples), {n: chosen_statistics()[n] for n in NAMES})


def test_by_hand():
    samples = make_samples(2)
    samples[1] = change(samples[1:], camera=None)[0]
    views = cameras_of(samples)
    assert views.K[0].tolist() == CAMERA['K'] and views.t[0].tolist() == [1, 2, 3]
    assert views.R[0].tolist() == np.eye(3).tolist()
    assert views.dist[0].tolist() == CAMERA['dist'] + [0] * 9
    assert all(views[name].dtype == np.float64 for name in NAMES)
    assert all(np.isnan(views[name][1]).all() for name in NAMES)


@pytest.mark.parametrize('num', [0, 4, 5, 8, 12, 14])
def test_every_number_of_coefficients_that_opencv_has(num):
    views = cameras_of(change(make_samples(1), camera=dict(CAMERA, dist=list(range(num)))))
    assert views.dist[0].tolist() == list(range(num)) + [0] * (14 - num)


def test_another_number_names_the_camera():
    with pytest.raises(ValueError, match="'left' has 3 distortion coefficients"):
        cameras_of(change(make_samples(1), camera=dict(CAMERA, dist=[0, 0, 0])))
