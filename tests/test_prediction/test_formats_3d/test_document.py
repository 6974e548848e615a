"""The JSON document holds what the poses do."""

import numpy as np

from mmpose_al.fileio import read_json
from mmpose_al.prediction.formats_3d import document
from mmpose_al.prediction.poses_3d import smoothed, triangulate
from tests.test_prediction.rigs import JOINTS, cameras, views, walk


def test_everything_is_there(tmp_path):
    truth, rig = walk(4), cameras()
    seen = views(truth, rig)
    seen.pixels[2, :, 0] = np.nan
    document.write(str(tmp_path / 'w.json'), triangulate(seen))
    data = read_json(str(tmp_path / 'w.json'))
    assert data['unit'] == 'mm' and data['joints'] == JOINTS and data['smoother'] is None
    np.testing.assert_allclose(data['fps'], 30)
    np.testing.assert_allclose(data['cameras'][1]['R'], rig[1]['R'])
    np.testing.assert_allclose(data['frames'][3]['points'], truth[3], atol=2e-3)
    assert data['frames'][2]['points'][0] is None and data['frames'][2]['error'][0] is None
    assert data['frames'][2]['views'] == [0, 4, 4, 4] and 'measured' not in data['frames'][0]


def test_a_smoothed_one_keeps_what_was_measured(tmp_path):
    seen = views(walk(9), cameras(), noise=2.0)
    content = document.content(smoothed(triangulate(seen)))
    assert content['smoother']['acceleration'] > 0
    assert content['frames'][4]['measured'] != content['frames'][4]['points']
