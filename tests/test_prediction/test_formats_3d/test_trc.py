"""TRC files, read as OpenSim's documentation describes them."""

import numpy as np

from mmpose_al.prediction.formats_3d import trc
from mmpose_al.prediction.poses_3d import triangulate
from tests.test_prediction.rigs import JOINTS, cameras, views, walk


def read(path):
    """Rate, unit, names, times and points of a TRC file."""
    lines = path.read_text().split('\n')
    assert lines[0].startswith('PathFileType\t4\t(X/Y/Z)')
    keys = dict(zip(lines[1].split('\t'), lines[2].split('\t')))
    names = [cell for cell in lines[3].split('\t')[2:] if cell]
    assert lines[4].split('\t')[2:5] == ['X1', 'Y1', 'Z1'] and lines[5] == ''
    rows = [line.split('\t') for line in lines[6:] if line]
    values = np.array([[float(cell or 'nan') for cell in row] for row in rows])
    return keys, names, values[:, :2], values[:, 2:].reshape(len(rows), -1, 3)


def test_what_is_read_back(tmp_path):
    truth = walk(5)
    seen = views(truth, cameras())
    seen.pixels[1, :, 2] = np.nan
    trc.write(str(tmp_path / 'w.trc'), triangulate(seen))
    keys, names, times, points = read(tmp_path / 'w.trc')
    assert keys['Units'] == 'mm' and keys['DataRate'] == '30' and names == JOINTS
    assert keys['NumFrames'] == '5' and keys['NumMarkers'] == '4'
    np.testing.assert_allclose(times[:, 0], np.arange(1, 6))
    np.testing.assert_allclose(times[:, 1], np.arange(5) / 30, atol=1e-6)
    assert np.isnan(points[1, 2]).all()
    points[1, 2] = truth[1, 2]
    np.testing.assert_allclose(points, truth, atol=2e-3)
    assert (tmp_path / 'w.trc').read_text().split('\n')[0].endswith('\tw.trc')
