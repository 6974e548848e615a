"""Predictions of the views as one table."""

import numpy as np

from mmpose_al.prediction.views import views_of
from tests.test_prediction.models import predictions
from tests.test_prediction.rigs import cameras, views, walk


def test_views_stand_side_by_side_and_end_with_the_shortest():
    one, two = predictions(), predictions(persons=2)
    shorter = two._replace(
        frames=two.frames[:2],
        frame=two.frame[:2],
        person=two.person[:2],
        keypoints=two.keypoints[:2],
        scores=two.scores[:2],
    )
    found = views_of('walk', [one, shorter], cameras(2), np.array([0.0, 0.05, 0.1]))
    assert found.pixels.shape == (2, 2, 2, 2) and found.fps == 20
    np.testing.assert_array_equal(found.pixels[0, 1, :, 0], [10.25, 20.125])
    assert np.isnan(found.pixels[1]).all() and (found.scores[1] == 0).all()
    assert found.files[0] == ['v/000000.jpg', 'v/000001.jpg']


def test_a_body_is_the_same_in_all_views():
    one, two = predictions(), predictions(persons=2)
    found = views_of('walk', [two, one], cameras(2), person=1)
    np.testing.assert_array_equal(found.pixels[:, 0], two.table()[:, 1, :, :2])
    assert np.isnan(found.pixels[:, 1]).all()  # that view has one body


def test_diagonals_and_rates():
    seen = views(walk(3), cameras(2))
    np.testing.assert_allclose(seen.diagonals, [800, 800])
    assert seen._replace(times=None).fps is None
