"""The page "Add a kind of self-training", self_training.md: its file is all that it takes."""

import os.path as osp
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.utils import import_modules_from_strings

from mmpose_al.active_learning import SELF_TRAINING
from tests.test_active_learning.rig import make_pool
from tests.test_docs.outside import outside

PAGE = osp.join('docs', 'extending', 'self_training.md')
MODULE = 'sure'


@pytest.fixture
def forget(tmp_path, monkeypatch):
    with outside(PAGE, MODULE, [SELF_TRAINING], tmp_path, monkeypatch) as function:
        yield function


def test_one_file_adds_a_kind(forget):
    """Of frames 0 to 50, 10 is labelled, 20 picked, and 30 has one unsure keypoint."""
    import_modules_from_strings([MODULE])
    pool = make_pool(6, labeled=[10], noise=0.0)
    scores = np.full(pool.views.scores.shape, 0.9)
    scores[pool.views.unit == 30, 1] = 0.6
    scores[pool.views.unit == 40] = 0.95
    pool.views = pool.views.replace(scores=scores)
    images = [dict(id=int(i), width=640, height=300) for i in pool.views.image_id]
    rules = SELF_TRAINING.build(dict(type='SureFrames', num=2, above=0.7))
    rules.check(None)
    chosen = rules.for_next_round(pool, SimpleNamespace(data=dict(images=images)), [20], [])
    assert (chosen.ids, chosen.candidates) == ([40, 0], 3)
    rows = np.flatnonzero(np.isin(pool.views.unit, [0, 40]))
    assert sorted(chosen.keypoints) == sorted(pool.views.id[rows].tolist())
    for row in rows:
        made, xy = chosen.keypoints[int(pool.views.id[row])], pool.views.keypoints[row]
        inside = ((xy >= 0) & (xy <= [639, 299])).all(1)
        assert (made[:, 2] == np.where(inside, 2, 0)).all() and (made[~inside] == 0).all()
        np.testing.assert_array_equal(made[inside, :2], xy[inside])
    with pytest.raises(ValueError, match='SureFrames needs num'):
        SELF_TRAINING.build(dict(type='SureFrames'))
