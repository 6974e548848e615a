"""The scripted annotator clicks as often as it says, and its labels are as far off as that."""

import numpy as np
import pytest

from benchmarks import label
from mmpose_al.active_learning.pool import load_pool


@pytest.fixture(scope='module')
def pool(tiny):
    return load_pool(f'{tiny}/train.json', 'frames')


def test_every_view_is_a_click_a_joint(pool):
    row = label.study(pool, 1, None)
    [unit] = pool.initial(1, 0)
    shown = sum(
        int((np.reshape(a['keypoints'], (-1, 3))[:, 2] > 0).sum())
        for a in pool.data['annotations']
        if next(i for i in pool.data['images'] if i['id'] == a['image_id'])['frame_id'] == unit
    )
    assert row['clicks'] == row['labels'] == shown and row['drags'] == row['missing'] == 0
    # the median length of a normal vector with a standard deviation of 1 in x and y is 1.18
    assert row['errors']['median'] == pytest.approx(1.18, abs=0.35)
    assert row['seconds'] == 2 * shown + 1


def test_two_clicks_and_corrections_label_the_rest(pool):
    every, two = (label.study(pool, 1, clicks) for clicks in (None, 2))
    assert two['labels'] == every['labels'] and two['missing'] == 0
    assert two['clicks'] == 34 + two['drags'] < every['clicks'] and two['keys'] == 2
    assert two['errors']['p95'] < 4.5  # what was beyond 3 px was dragged


def test_exact_clicks_need_no_correction(pool, monkeypatch):
    monkeypatch.setattr(label, 'NOISE', 0.0)
    row = label.study(pool, 1, 2)
    assert row['drags'] == 0 and row['proposals']['p95'] < 0.02 and row['errors']['p95'] < 0.02
