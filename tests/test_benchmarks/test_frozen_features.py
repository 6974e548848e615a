"""benchmarks/frozen_features.py: the regression, and the tables by hand."""

import os.path as osp
import tempfile

import numpy as np
import pytest
from mmengine.config import Config

from benchmarks import frozen_features
from mmpose_al.active_learning.statistics import PoolStatistics, ViewStatistics
from tests import ROOT

MOUSE = osp.join(ROOT, '..', 'shared', 'data', 'mouse')


def test_ridge_is_what_its_equation_says():
    """Against the solution in the space of the features: (X'X + λ I) w = X'y."""
    rng = np.random.RandomState(0)
    train, places, test = rng.rand(6, 4), rng.rand(6, 2), rng.rand(3, 4)
    middle, mean = train.mean(0), places.mean(0)
    centred = train - middle
    penalty = 0.5 * np.trace(centred.T @ centred) / 6 + 1e-9
    weights = np.linalg.solve(
        centred.T @ centred + penalty * np.eye(4), centred.T @ (places - mean)
    )
    expected = (test - middle) @ weights + mean
    assert frozen_features.ridge(train, places, test, 0.5) == pytest.approx(expected)


def test_rows_of_a_pool_on_a_line(monkeypatch):
    """Features are the places themselves: many labels know them, the first few do not."""
    monkeypatch.setattr(frozen_features, 'LABELS', (2, 8))
    places = np.linspace(0, 90, 10)
    data = dict(
        train=places[:, None],
        val=np.array([[0.0], [90.0]]),
        places=np.stack([places, 0 * places], 1),
        truth=np.array([[0.0, 0.0], [90.0, 0.0]]),
    )
    views = ViewStatistics(id=np.arange(10), unit=np.arange(10), appearance=places[:, None])
    pool = PoolStatistics(views, np.arange(10), np.zeros(10, bool))
    rows = frozen_features.errors_of(data, {'': pool, 'of colours': pool}, 3)
    assert list(rows) == [
        'random',
        'first',
        'diverse, K-means',
        'diverse, K-means of colours',
        'diverse, k-centre',
        'diverse, k-centre of colours',
    ]
    assert [len(draws) for draws in rows['random']] == [3, 3]
    # The first two are at 0 and 10; λ is 0.01 of their mean square 25, of 50 with two: the
    # slope is 50 / 50.25, and 90 is read as 5 + 85 * 0.995, 0 as 5 - 5 * 0.995.
    assert rows['first'][0] == [pytest.approx((85 + 5) * 0.25 / 50.25 / 2, rel=1e-4)]
    assert rows['diverse, K-means'][0][0] < rows['first'][0][0]


def test_tables_by_hand():
    content = dict(
        labels=[5, 10, 20],
        rows={
            'random': [[9.0, 11.0], [6.0, 8.0], [5.0, 5.0]],
            'first': [[20.0], [12.0], [9.0]],
            'diverse': [[8.0], [6.0], [4.0]],
        },
        keypoints=9,
        frames=120,
        draws=2,
        machine='m',
    )
    lines = frozen_features.table(content).split('\n')
    assert lines[2] == '| labels | 5 | 10 | 20 |'
    assert lines[4] == '| random | 10.0 ± 1.4 | 7.0 ± 1.4 | 5.0 ± 0.0 |'
    assert lines[6] == '| diverse | 8.0 | 6.0 | 4.0 |'
    assert lines[10] == '| choice | 5 random | 10 random | 20 random |'
    # first: 12 to 9 passes 10 at two thirds of 10 to 20
    assert lines[12] == '| first | 17 | – | – |'
    assert lines[13] == '| diverse | ≤ 5 | 8 | 15 |'
    assert lines[-1].startswith('Mean error in pixels of 9 keypoints on 120 frames; random: mean')


@pytest.mark.skipif(not osp.isdir(MOUSE), reason='no ../shared/data/mouse')
def test_the_real_frames(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv('MOUSE_ROOT', MOUSE + '/')
    config = Config.fromfile(frozen_features.CONFIG)
    with tempfile.TemporaryDirectory() as folder:
        config.work_dir = folder
        data, pools = frozen_features.features(config)
    assert data['train'].shape[0] == len(data['places']) == 1026
    assert data['truth'].shape == (120, 18)
    assert pools[''].views.appearance.shape == (1026, 112)
    assert pools[frozen_features.PLAIN].views.appearance.shape == (1026, 320)
    everything = frozen_features.error_of(list(range(1026)), data)
    assert everything < frozen_features.error_of(list(range(20)), data) / 2
