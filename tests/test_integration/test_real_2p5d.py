"""Real cameras and poses go to 2.5D and back within 1 mm, plain and through a crop."""

import numpy as np
import pytest
import torch

from mmpose_al.converters import h36m, mpi_inf_3dhp, panoptic
from mmpose_al.geometry import affine
from mmpose_al.geometry.cameras import pad_distortion, transform_intrinsics
from mmpose_al.geometry.depth import reconstruct, to_2p5d
from tests.test_converters.files import crumb, real, run


def h36m_tasks():
    return h36m.make_tasks(crumb('h36m', 'test_h36m_body3d.npz'), crumb('h36m', 'cameras.pkl'))


def dhp_tasks():
    return mpi_inf_3dhp.make_tasks(
        crumb('mpi_inf_3dhp', 'test_3dhp_train.npz'),
        crumb('mpi_inf_3dhp', 'cameras_train.pkl'),
        fix_known_typos=True,
    )


def panoptic_tasks():
    return panoptic.make_tasks(crumb('panoptic_body3d'), ['160906_band1', '160906_band2'], 'all')


# Tasks, metainfo, pair (neck, pelvis) and root, fewest poses and views
SETS = {
    'h36m': (h36m_tasks, h36m.METAINFO, (8, 0), 0, 4),
    '3dhp': (dhp_tasks, mpi_inf_3dhp.METAINFO, (1, 14), 14, 2),
    'panoptic': (panoptic_tasks, panoptic.METAINFO, (0, 2), 2, 60),
}


@real
@pytest.mark.parametrize('name', SETS)
def test_round_trip_of_real_files(name, tmp_path):
    make, metainfo, pair, root, fewest = SETS[name]
    data = run(make(), metainfo, tmp_path / 'out.json')
    images = {i['id']: i for i in data['images']}
    cameras = {c['id']: c for c in data['cameras']}
    poses = {(p['frame_id'], p['person_id']): p['keypoints_3d'] for p in data['poses_3d']}
    checked = undefined = 0
    for annotation in data['annotations']:
        image = images[annotation['image_id']]
        camera = cameras[image['camera_id']]
        pose = poses[image['frame_id'], annotation['person_id']]
        known = pose[:, 3] > 0
        if not known[list(pair) + [root]].all():
            continue
        R, t = np.asarray(camera['R']), np.asarray(camera['t'])
        points = torch.from_numpy(pose[:, :3] @ R.T + t)
        if not (points[known, 2] > 0).all():
            continue
        K = torch.as_tensor(np.asarray(camera['K'], float))
        dist = pad_distortion(torch.as_tensor(np.asarray(camera['dist'], float)))
        crop = affine.similarity(
            torch.tensor(30.0), torch.tensor(0.4), (image['width'], image['height'])
        ).double()
        for matrix, lens in ((None, dist), (crop, dist)):
            K_input = K if matrix is None else transform_intrinsics(K, matrix)
            pixels, relative, scale = to_2p5d(points, K_input, pair, root, lens)
            back = reconstruct(pixels, relative, K_input, pair, lens)
            if not bool(back.valid):
                undefined += 1
                continue
            error = (back.points * scale - points).norm(dim=-1)[torch.from_numpy(known)]
            assert float(error.max()) < 1.0, f'{name}: {float(error.max()):.2f} mm'
            checked += 1
    assert checked >= 2 * fewest and undefined <= 0.02 * checked
