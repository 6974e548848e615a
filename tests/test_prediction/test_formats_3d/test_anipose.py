"""Anipose's columns, and movement's reader where it is installed."""

import csv

import numpy as np
import pytest

from mmpose_al.prediction.formats_3d import anipose
from mmpose_al.prediction.poses_3d import triangulate
from tests.test_prediction.rigs import JOINTS, cameras, views, walk


def written(tmp_path, truth):
    seen = views(truth, cameras())
    seen.pixels[1, :, 2] = np.nan
    anipose.write(str(tmp_path / 'w.csv'), triangulate(seen))
    return str(tmp_path / 'w.csv')


def test_each_column(tmp_path):
    truth = walk(3)
    with open(written(tmp_path, truth), newline='') as file:
        rows = list(csv.DictReader(file))
    others = {f'M_{i}{j}' for i in range(3) for j in range(3)} | {'fnum'}
    others |= {f'center_{i}' for i in range(3)}
    assert set(rows[0]) == others | {f'{j}_{c}' for j in JOINTS for c in anipose.COLUMNS}
    assert rows[2]['fnum'] == '2' and rows[0]['M_11'] == '1.0' and rows[0]['M_12'] == '0.0'
    np.testing.assert_allclose([float(rows[2][f'tail_{a}']) for a in 'xyz'], truth[2, 3], atol=2e-3)
    assert rows[1]['right_ear_x'] == '' and rows[1]['right_ear_ncams'] == '0'


def test_movement_reads_it(tmp_path):
    movement = pytest.importorskip('movement.io', reason='the reader of this test')
    truth = walk(3)
    found = movement.load_dataset(written(tmp_path, truth), 'Anipose', fps=30)
    place = found.position.isel(individuals=0).transpose('time', 'keypoints', 'space')
    place = place.sel(keypoints=JOINTS).values
    assert np.isnan(place[1, 2]).all()
    place[1, 2] = truth[1, 2]
    np.testing.assert_allclose(place, truth, atol=2e-3)
