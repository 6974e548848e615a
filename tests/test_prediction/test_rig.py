"""A rig's views and cameras, and keypoints of a file that belong to them."""

import numpy as np
import pytest

from mmpose_al.datasets.format import FormatError
from mmpose_al.fileio import FileError
from mmpose_al.prediction.keypoint_files import KeypointFile
from mmpose_al.prediction.predictions import Skeleton
from mmpose_al.prediction.rig import Calibration, open_rig, skeleton_of, views_of_file
from tests.test_prediction.models import write_images
from tests.test_prediction.rigs import SIZE, calibration_toml, cameras

SKELETON = Skeleton(['a'], [])


@pytest.fixture
def calibration(tmp_path):
    (tmp_path / 'calib.toml').write_text(calibration_toml(cameras(3)))
    return Calibration([str(tmp_path / 'calib.toml')], 'm')


def content(views=None, count=3, **more):
    pixels = np.arange(count, dtype=float)[None, :, None, None] * np.ones((4, count, 1, 2))
    return KeypointFile('f', 's', None, views, pixels, np.ones((4, count, 1)), **more)


def test_folders_of_images_are_a_rig(tmp_path, calibration):
    for name in ('cam2', 'cam1'):
        write_images(tmp_path / 'walk' / name, 3, SIZE)
    said = []
    rig = open_rig(
        [str(tmp_path / 'walk')], calibration, str(tmp_path / 'p'), 10.0, report=said.append
    )
    assert rig.name == 'walk' and [c['name'] for c in rig.cameras] == ['cam1', 'cam2']
    assert [r.name for r in rig.recordings] == ['cam1', 'cam2'] and rig.count == 3
    np.testing.assert_allclose(rig.times, [0, 0.1, 0.2])
    np.testing.assert_allclose(rig.cameras[1]['t'], cameras(3)[1]['t'], atol=1e-9)
    assert any('without a view: cam3' in line for line in said)
    views = views_of_file(content(['cam3', 'cam2', 'cam1']), 'f', SKELETON, rig=rig)
    assert views.pixels[0, :, 0, 0].tolist() == [2, 1] and len(views.pixels) == 3
    assert views.files[0][2] == 'cam1/2.png'


def test_rows_that_images_name_are_at_these_images(tmp_path, calibration):
    for name in ('cam1', 'cam2'):
        write_images(tmp_path / 'walk' / name, 6, SIZE)
    rig = open_rig([str(tmp_path / 'walk')], calibration, str(tmp_path / 'p'), 10.0)
    names = ['2.png', '3.png', '', '5.png']
    given = content(['cam2', 'cam1'], 2, images=[names, [f'cam1/{n}' if n else n for n in names]])
    views = views_of_file(given, 'f', SKELETON, rig=rig)
    x = views.pixels[:, :, 0, 0]
    assert x.shape == (6, 2) and x[2].tolist() == [1, 0]  # of the first camera, which is second
    assert np.flatnonzero(np.isfinite(x[:, 0])).tolist() == [2, 3, 5]
    assert views.scores[:, 0, 0].tolist() == [0, 0, 1, 1, 0, 1]
    with pytest.raises(FileError, match="view 'cam1' has a row '7.png', and no such image"):
        views_of_file(given._replace(images=[['7.png'] * 4] * 2), 'f', SKELETON, rig=rig)
    shifted = [names, ['1.png', '2.png', '', '4.png']]
    with pytest.raises(FileError, match='is frame 1 of its view, and .* frame 2'):
        views_of_file(given._replace(images=shifted), 'f', SKELETON, rig=rig)


def test_views_of_a_file_take_cameras_by_name_or_order(calibration):
    views = views_of_file(content(), 'f', SKELETON, calibration, fps=20)
    assert [c['name'] for c in views.cameras] == ['cam1', 'cam2', 'cam3'] and views.fps == 20
    views = views_of_file(content(['cam3', 'cam1'], 2), 'f', SKELETON, calibration)
    assert [c['name'] for c in views.cameras] == ['cam3', 'cam1'] and views.times is None
    assert views.pixels[0, :, 0, 0].tolist() == [0, 1]
    with pytest.raises(FileError, match='has 2 views, the calibration 3 cameras'):
        views_of_file(content(count=2), 'f', SKELETON, calibration)
    with pytest.raises(FileError, match="'cam7' names no camera of .*cam1, cam2, cam3"):
        views_of_file(content(['cam7', 'cam1'], 2), 'f', SKELETON, calibration)
    with pytest.raises(FileError, match='holds no cameras. Give --calibration'):
        views_of_file(content(), 'f', SKELETON)


def test_tables_of_deeplabcut_tell_their_cameras(calibration):
    names = [f'walk_cam{n}DLC_resnet50_mayshuffle1_100000_filtered' for n in (3, 1, 2)]
    views = views_of_file(content(names), 'f', SKELETON, calibration)
    assert [camera['name'] for camera in views.cameras] == ['cam3', 'cam1', 'cam2']
    np.testing.assert_allclose(views.cameras[0]['t'], cameras(3)[2]['t'], atol=1e-9)
    names = ['walk_cam3', 'walk_cam1', 'run_cam2']
    with pytest.raises(FileError, match='f: has tables of several recordings: walk, run. Put'):
        views_of_file(content(names), 'f', SKELETON, calibration)
    names = ['walk_cam3DLC_x', 'walk_cam3DLC_x_filtered', 'walk_cam1DLC_x']
    with pytest.raises(FileError, match='f: walk_cam3DLC_x, walk_cam3DLC_x_filtered are tables of'):
        views_of_file(content(names), 'f', SKELETON, calibration)


def test_a_files_own_cameras_and_sizes():
    rig = cameras(2)
    found = content(count=2, cameras=rig, sizes=[SIZE, (630, 480)])
    with pytest.raises(FormatError, match='is 640x480, the images of f are 630x480'):
        views_of_file(found, 'f', SKELETON)
    views = views_of_file(found, 'f', SKELETON, Calibration([], None, 'centre'))
    assert views.cameras[0] == rig[0] and views.cameras[1]['K'][0, 2] == rig[1]['K'][0, 2] - 5


def test_names_of_keypoints():
    coco = 'configs/_base_/datasets/coco.py'
    found = skeleton_of(None, 17, coco, 'f')
    assert found.joints[0] == 'nose' and (15, 13) in found.links
    assert skeleton_of(found.joints, 17, coco, 'f') == found
    assert skeleton_of(['a', 'b'], 2, coco, 'f') == (['a', 'b'], [])
    with pytest.raises(FormatError, match='has 9 keypoints and does not name them'):
        skeleton_of(None, 9, coco, 'f')
