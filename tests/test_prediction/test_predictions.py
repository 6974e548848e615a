"""The table of a recording's keypoints, against frames by hand."""

import numpy as np

from tests.test_prediction.models import predictions


def test_the_table_has_a_place_for_each_person_of_each_frame():
    table = predictions(persons=2).table()
    assert table.shape == (3, 2, 2, 3)
    np.testing.assert_array_equal(table[0, 0], [[10.25, 5.5, 0.9], [20.125, 8.0, 0.4]])
    np.testing.assert_array_equal(table[0, 1, :, 0], [11.25, 21.125])
    assert np.isnan(table[1]).all() and np.isnan(table[2, 0]).all()
    np.testing.assert_array_equal(table[2, 1, :, 0], [17.25, 27.125])


def test_a_recording_without_anybody_has_an_empty_table():
    found = predictions()
    nobody = found._replace(
        **{name: getattr(found, name)[:0] for name in ('frame', 'person', 'keypoints', 'scores')}
    )
    assert np.isnan(nobody.table()).all() and nobody.table().shape == (3, 1, 2, 3)


def test_times_follow_from_the_rate():
    found = predictions()
    assert found.time_of(3) == 0.15
    assert found._replace(fps=None).time_of(3) is None
