"""The study of smoothed teachers: errors and speeds by hand."""

import numpy as np
import pytest

from benchmarks.teacher_smoothing import Track, errors_and_speed, figures, table


def walk(frames=9, step=3.0):
    """Two joints 100 pixels apart that move by a step a frame, seen surely."""
    x = np.arange(frames) * step
    truth = np.stack([np.stack([x, 0 * x], -1), np.stack([x, 0 * x + 100], -1)], 1)
    return Track(truth.copy(), np.ones((frames, 2)), truth)


def test_errors_and_speed_by_hand():
    track = walk()
    track.found[:, 1, 0] += 5
    track.truth[4, 0] = np.nan
    found = errors_and_speed(track, 1, 2)
    # A box of 100 pixels; where a joint is unknown its neighbours have no speed.
    assert found['speed'][1:-1, 1] == pytest.approx([0.03] * 7)
    assert found['plain'][1:-1, 1] == pytest.approx([0.05] * 7)
    assert found['smoothed'][1:-1, 1] == pytest.approx([0.05] * 7)  # it is off steadily
    unknown = np.isnan(found['plain'])
    assert unknown[[0, -1]].all() and unknown[[3, 4, 5], 0].all() and not unknown[[2, 6], 0].any()
    slower = errors_and_speed(walk(), 2, 2)
    assert slower['speed'].shape == (5, 2)
    assert slower['speed'][2] == pytest.approx([0.06, 0.06])


def test_a_jump_is_taken_back_and_told_by_speed():
    tracks = [walk(11, step) for step in (1.0, 3.0, 9.0)]
    tracks[2].found[5] += [0, 30]
    rows = figures(tracks, 1)
    assert [row['speed'] for row in rows] == pytest.approx([0.01, 0.03, 0.09])
    assert [row['joints'] for row in rows] == [18, 18, 18]
    assert rows[2]['plain'] == pytest.approx(0.3 / 9) and rows[2]['wrong'] == pytest.approx(1 / 9)
    assert rows[2]['smoothed']['4'] == 0 and rows[2]['wrong_smoothed'] == 0
    assert rows[0]['plain'] == 0 and rows[0]['smoothed']['2'] == pytest.approx(0, abs=1e-9)
    content = dict(rows=[dict(source='net', rate='all', thirds=rows)], machine='a machine')
    assert '| net | all | fast third | 9.00 | 3.33 |' in table(content)
