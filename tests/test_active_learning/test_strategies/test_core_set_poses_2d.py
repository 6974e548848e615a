"""CoreSet over 2D poses: place and size in the image play no part."""

import numpy as np
import pytest

from tests.test_active_learning.rig import make_pool
from tests.test_active_learning.test_strategies.cases import build


def test_by_hand():
    pool = make_pool(3)
    pose = np.array([[0.0, 0], [3, 0], [0, 4], [3, 4], [1, 1]])
    first = np.unique(pool.view_unit, return_index=True)[1]
    keypoints = pool.views.keypoints.copy()
    keypoints[first] = [pose, 7 * pose + [100, 50], pose[:, ::-1]]
    scores = pool.views.scores.copy()
    scores[first[1], 4] = 0.1  # not known in unit 1
    pool.views = pool.views.replace(keypoints=keypoints, scores=scores)
    strategy = build(dict(type='CoreSetPoses2D', root=0, min_score=0.5))
    found = strategy.describe(pool)
    assert found[0] == pytest.approx(pose / 5)  # the diagonal of its extent
    assert found[1, :4] == pytest.approx(pose[:4] / 5) and np.isnan(found[1, 4]).all()
    assert found[2] == pytest.approx(pose[:, ::-1] / 5)


@pytest.mark.parametrize('score', [float('nan'), float('inf'), '0.5'])
def test_a_score_is_a_finite_number(score):
    with pytest.raises(ValueError, match='min_score is a finite number'):
        build(dict(type='CoreSetPoses2D', root=0, min_score=score))
