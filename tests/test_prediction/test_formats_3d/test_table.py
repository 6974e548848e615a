"""The table of points, cell by cell."""

import csv

import numpy as np

from mmpose_al.prediction.formats_3d import table
from mmpose_al.prediction.poses_3d import triangulate
from tests.test_prediction.rigs import cameras, views, walk


def test_each_cell(tmp_path):
    truth = walk(3)
    seen = views(truth, cameras())
    seen.pixels[1, :, 2] = np.nan
    table.write(str(tmp_path / 'w.csv'), triangulate(seen))
    with open(tmp_path / 'w.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['fnum'] for row in rows] == ['0', '1', '2'] and rows[0]['unit'] == 'mm'
    assert rows[2]['time'] == '0.066667'
    for row, points in zip(rows, truth):
        found = [float(row[f'tail_{axis}']) for axis in 'xyz']
        np.testing.assert_allclose(found, points[3], atol=2e-3)
        assert row['tail_ncams'] == '4' and row['tail_status'] == 'ok'
        assert row['tail_score'] == '0.90000' and float(row['tail_error']) < 1e-2
    gap = rows[1]
    assert [gap[f'right_ear_{c}'] for c in table.COLUMNS] == [*[''] * 4, '0', '', 'too_few_views']
