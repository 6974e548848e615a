"""C3D files, read by another library than the one that writes them."""

import sys

import numpy as np
import pytest

from mmpose_al.prediction.formats_3d import c3d_file
from mmpose_al.prediction.poses_3d import triangulate
from tests.test_prediction.rigs import JOINTS, cameras, views, walk


def poses(truth):
    seen = views(truth, cameras())
    seen.pixels[1, :, 2] = np.nan
    seen.pixels[0, 1, 0] += 90
    return triangulate(seen)


def test_rows_of_points():
    rows = c3d_file.point_rows(poses(walk(3)))
    assert rows[1, 2].tolist() == [0, 0, 0, -1, 0]
    assert rows[0, :, 3].tolist() == [0, 0, 0, 0]
    assert rows[0, 0, 4] == 1 + 4 + 8 and rows[0, 1, 4] == 15


@pytest.mark.parametrize('frames', [1, 4, 5])
def test_ezc3d_reads_it(tmp_path, frames):
    pytest.importorskip('c3d', reason='extra labs')
    ezc3d = pytest.importorskip('ezc3d', reason='the reader of this test')
    truth = walk(max(frames, 2))[:frames]
    seen = views(truth, cameras())
    if frames > 1:
        seen.pixels[1, :, 2] = np.nan
    c3d_file.write(
        str(tmp_path / 'w.c3d'), triangulate(seen._replace(times=np.arange(frames) / 30))
    )
    file = ezc3d.c3d(str(tmp_path / 'w.c3d'))
    group = file['parameters']['POINT']
    assert [name.strip() for name in group['LABELS']['value']] == JOINTS
    assert group['UNITS']['value'][0].strip() == 'mm'
    if frames > 1:
        np.testing.assert_allclose(group['RATE']['value'][0], 30)
    points = file['data']['points'][:3].transpose(2, 1, 0)
    assert points.shape == truth.shape
    if frames > 1:
        assert np.isnan(points[1, 2]).all()
        points[1, 2] = truth[1, 2]
    np.testing.assert_allclose(points, truth, atol=1e-2)


def test_without_the_library_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'c3d', None)
    with pytest.raises(ImportError, match=r'mmpose_al\[labs\]'):
        c3d_file.write(str(tmp_path / 'w.c3d'), poses(walk(3)))
