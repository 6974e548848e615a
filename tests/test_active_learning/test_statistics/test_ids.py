"""Ids of views, and what stands where there is none."""

import numpy as np
import pytest

from mmpose_al.active_learning.scoring import score_batch
from mmpose_al.active_learning.statistics import chosen_statistics
from mmpose_al.active_learning.statistics.ids import unit_of
from tests.test_active_learning.test_statistics.batches import change, make_batch, make_samples

NAMES = ('id', 'image_id', 'unit', 'frame_id', 'camera_id', 'person_id')


def ids_of(samples, unit='frames'):
    chosen = {name: chosen_statistics()[name] for name in NAMES}
    return score_batch(make_batch(samples=samples, unit=unit), chosen)


def test_by_hand():
    views = ids_of(make_samples(2))
    assert {name: views[name].tolist() for name in views} == dict(
        id=[100, 101],
        image_id=[50, 51],
        unit=[7, 8],
        frame_id=[7, 8],
        camera_id=[0, 1],
        person_id=[0, 0],
    )
    assert all(views[name].dtype == np.int64 for name in views)


def test_single_images():
    samples = change(make_samples(2), frame_id=None, camera_id=None, person_id=None)
    views = ids_of(samples, 'images')
    assert views.unit.tolist() == views.image_id.tolist() == [50, 51]
    assert views.frame_id.tolist() == views.camera_id.tolist() == [-1, -1]
    assert views.person_id.tolist() == [0, 0]
    assert ids_of(samples, 'instances').unit.tolist() == [100, 101]


def test_a_view_without_the_ids_that_it_needs():
    sample = change(make_samples(1), frame_id=None)[0]
    with pytest.raises(ValueError, match=r"image '0.png' belongs to no frame.*unit='images'"):
        unit_of(sample, 'frames')
    with pytest.raises(ValueError, match=r"image '0.png': a person has no id"):
        ids_of(change(make_samples(1), id=None))
