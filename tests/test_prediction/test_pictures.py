"""Pictures of frames: which there are, what is in them."""

import cv2
import numpy as np

from mmpose_al.prediction.inputs import find_recordings
from mmpose_al.prediction.pictures import draw, reprojections
from mmpose_al.prediction.poses_3d import triangulate
from tests.test_prediction.models import write_images
from tests.test_prediction.rigs import SIZE, cameras, views, walk


def test_points_are_drawn_where_they_project():
    truth, rig = walk(3), cameras()
    seen = views(truth, rig)
    np.testing.assert_allclose(reprojections(triangulate(seen), 1), seen.pixels[1], atol=1e-2)


def test_each_frame_has_its_pictures(tmp_path):
    rig = cameras(2)
    seen = views(walk(4), rig)
    seen.pixels[2] = np.nan
    folders = [str(write_images(tmp_path / c['name'], 4, SIZE, seed=n)) for n, c in enumerate(rig)]
    written = draw(triangulate(seen), [1, 2], str(tmp_path / 'p'), find_recordings(folders))
    names = [path.rsplit('/', 1)[1] for path in written]
    assert names == ['frame_000001.png', 'scene_000001.png', 'frame_000002.png', 'residuals.png']
    image = cv2.imread(written[0])
    blank = draw(triangulate(seen), [1], str(tmp_path / 'w'))
    white = cv2.imread(blank[0])
    assert image.shape == white.shape and white.mean() > 245 > image.mean()
    mean = cv2.imread(f'{folders[0]}/1.png').mean()
    assert abs(image[40:200, 20:200].mean() - mean) < 15
