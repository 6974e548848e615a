"""What every source is read into."""

import numpy as np

from mmpose_al.projects.table import link_name, points_of


def test_missing_places_are_unlabelled_and_hidden_ones_marked():
    points = points_of(np.array([[1.5, 2], [np.nan, 3], [4, 5]]), np.array([True, False, False]))
    assert points.tolist() == [[1.5, 2, 1], [0, 0, 0], [4, 5, 2]]


def test_a_link_is_called_as_its_folder():
    assert link_name('/data/walk/') == 'walk'
