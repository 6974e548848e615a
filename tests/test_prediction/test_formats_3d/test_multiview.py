"""The multi-view file of a recording, read by the package's reader."""

import numpy as np

from mmpose_al.datasets import load_multiview
from mmpose_al.prediction.formats_3d import multiview
from mmpose_al.prediction.poses_3d import triangulate
from tests.test_prediction.rigs import cameras, views, walk


def test_the_reader_takes_it(tmp_path):
    truth, rig = walk(3), cameras(3)
    seen = views(truth, rig)
    seen.pixels[1, 0] = np.nan  # nobody in this image
    seen.pixels[2, 0, 3] = [-5, 10]  # outside
    multiview.write(str(tmp_path / 'w.json'), triangulate(seen))
    data = load_multiview(str(tmp_path / 'w.json'))
    assert len(data['images']) == 9 and len(data['annotations']) == 8
    np.testing.assert_allclose(data['cameras'][2]['K'], rig[2]['K'])
    first = np.reshape(data['annotations'][0]['keypoints'], (4, 3))
    np.testing.assert_allclose(first[:, :2], seen.pixels[0, 0], atol=1e-3)
    images = {image['id']: image['file_name'] for image in data['images']}
    last = next(a for a in data['annotations'] if images[a['image_id']] == 'cam1/000002.jpg')
    assert last['keypoints'][9:] == [0, 0, 0] and last['num_keypoints'] == 3
    pose = np.array(data['poses_3d'][0]['keypoints_3d'])
    np.testing.assert_allclose(pose[:, :3], truth[0], atol=1e-3)
