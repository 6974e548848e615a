"""The parts of a view's error, of rigs whose views are moved by hand."""

import numpy as np
import pytest

from benchmarks.shared_errors import parts, table
from mmpose_al.evaluation.mkpe import group_views, view_record
from tests.test_evaluation.test_mkpe import CAMERAS, image_of, samples

TRUTH = np.array([[10.0, 20, 30], [-40, 0, 15]])


def views_of(given):
    return group_views([view_record(sample) for sample in given])


def test_a_mistake_that_all_views_make_is_shared():
    wrong = TRUTH + [0, 50, 0]  # the same place in all views
    given = samples(TRUTH)
    for sample in given:
        sample['pred_instances']['keypoints'] = image_of(wrong, sample['camera'])[None]
    found = parts(views_of(given))
    moved = [image_of(wrong, c) - image_of(TRUTH, c) for c in CAMERAS.values()]
    expected = np.sqrt((np.array(moved) ** 2).sum(-1).mean())
    assert found['error'] == pytest.approx(expected) and expected > 4
    assert found['shared'] == pytest.approx(expected, rel=1e-4)
    assert found['own'] < 1e-3 and found['MKPE'] == pytest.approx(50, abs=1e-3)
    assert found['joints'] == 2


def test_what_single_views_get_wrong_is_their_own():
    given = samples(TRUTH)
    for sign, sample in zip((1, -1, 1, -1), given):
        sample['pred_instances']['keypoints'][..., 1] += 3 * sign  # up and down: no point fits
    found = parts(views_of(given))
    assert found['error'] == pytest.approx(3)
    assert found['own'] == pytest.approx(3, rel=0.01) and found['shared'] < 0.3
    rows = dict(net=dict(found, machine='a machine'))
    assert '| net | 3.0 | ' in table(dict(rows=rows)) and table(dict(rows=rows)).endswith(
        'machine.'
    )
