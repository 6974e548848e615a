"""Figures of a recording, against counts and distances by hand."""

import numpy as np

from mmpose_al.prediction.poses_3d import smoothed, triangulate
from mmpose_al.prediction.summary import in_words, jumps_of, look_at, summary
from tests.test_prediction.rigs import cameras, views, walk


def recording():
    seen = views(walk(10), cameras())
    seen.pixels[3, 1, 0] += 100  # a view that is off in one of 40 keypoints
    seen.pixels[7, 1:, 3] = np.nan  # one that is not found
    seen.pixels[8, 2:, 3] = np.nan  # one of two views
    return seen


def test_shares_and_errors():
    found = summary(triangulate(recording()), look=2)
    assert found['recording'] == 'walk'
    assert found['share']['ok'] == 95 and found['share']['two_views'] == 2.5
    assert found['share']['too_few_views'] == 2.5 and found['found'] == 97.5
    tail = found['joints'][3]
    assert tail['name'] == 'tail' and tail['found'] == 90
    second = found['cameras'][1]
    # It saw 39 of the 40: all but the one that nobody else saw, and missed one.
    assert second['name'] == 'cam2' and second['inliers'] == round(100 * 38 / 39, 2)
    assert found['error']['median'] < 0.01 and abs(second['residual'][0]) < 0.01
    assert [entry['frame'] for entry in found['look_at']] == [7, 3]
    assert found['look_at'][0]['not_found'] == ['tail']


def test_the_worst_frame_by_hand():
    poses = triangulate(recording())
    [_, entry] = look_at(poses, 2)
    # One of 16 views is off by 100 in x and y; the diagonal is farther.
    np.testing.assert_allclose(entry['error'], np.sqrt(2 * 100**2 / 16), rtol=1e-4)


def test_a_biased_camera_shows():
    seen = views(walk(10), cameras())
    seen.pixels[:, 2, :, 0] += 6
    found = summary(triangulate(seen))
    offsets = [abs(camera['residual'][0]) for camera in found['cameras']]
    assert np.argmax(offsets) == 2 and found['cameras'][2]['residual'][0] > 2


def test_jumps():
    points = np.array([[[0.0, 0, 0]], [[3.0, 4, 0]], [[np.nan, 0, 0]]])
    np.testing.assert_array_equal(jumps_of(points), [[5.0], [np.nan]])


def test_the_words_have_the_figures():
    poses = smoothed(triangulate(recording()), max_gap=0)
    text = '\n'.join(in_words(summary(poses, look=1)))
    for part in ('10 frames', '95.0 % ok', '2.5 % two views', 'cam2: 97.4 % agree', 'tail 90.0 %'):
        assert part in text, text
    assert 'smoothed: median' in text and 'look at frames 7' in text


def test_what_the_smoother_filled_is_still_looked_at():
    found = summary(smoothed(triangulate(recording())), look=1)
    assert found['found'] == 100 and found['look_at'][0]['not_found'] == ['tail']
