"""MPI-INF-3DHP: real files, and sizes by hand."""

import os.path as osp

import cv2
import numpy as np
import pytest

from mmpose_al.converters import mpi_inf_3dhp
from mmpose_al.datasets.format import FormatError
from tests.test_converters.files import crumb, real, reprojections, run


@real
def test_real_3dhp_typo_is_caught_and_projections_land_on_the_2d(tmp_path):
    files = (
        crumb('mpi_inf_3dhp', 'test_3dhp_train.npz'),
        crumb('mpi_inf_3dhp', 'cameras_train.pkl'),
    )
    with pytest.raises(
        FormatError,
        match=r"cameras_train.pkl: camera 'S4_Seq2_Cam0', "
        'field "h": is 204, .*--fix-known-typos',
    ):
        mpi_inf_3dhp.make_tasks(*files)
    tasks = mpi_inf_3dhp.make_tasks(*files, fix_known_typos=True)
    root = crumb('mpi_inf_3dhp')
    data = run(tasks, mpi_inf_3dhp.METAINFO, tmp_path / 'a.json', image_root=root)
    tasks = mpi_inf_3dhp.make_tasks(
        crumb('mpi_inf_3dhp', 'test_3dhp_test.npz'), crumb('mpi_inf_3dhp', 'cameras_test.pkl')
    )
    test = run(tasks, mpi_inf_3dhp.METAINFO, tmp_path / 'b.json', image_root=root)
    for loaded in (data, test):
        for image in loaded['images']:
            picture = cv2.imread(osp.join(root, image['file_name']))
            assert picture.shape[:2] == (image['height'], image['width'])
        for _, points, projected, both in reprojections(loaded):
            error = np.linalg.norm(points[both, :2] - projected[both], axis=1)
            assert both.sum() >= 15  # two wrists of a test image are cut off
            assert error.mean() < 0.5 and np.median(error) < 0.2
            assert error.max() < 2.2  # hips and pelvis: two skeletons in the release
    assert [f['sequence'] for f in data['frames']] == ['S4_Seq2', 'S8_Seq1']
    assert test['cameras'][0]['R'].tolist() == np.eye(3).tolist()


def test_3dhp_sizes():
    camera = dict(c=[1000, 1040], w=2048, h=2048)
    sizes = mpi_inf_3dhp.image_sizes
    assert sizes('f', dict(a=camera), ['a'], False) == dict(a=(2048, 2048))
    typo = dict(a=dict(camera, h=204.0))
    assert sizes('f', typo, ['a'], True) == dict(a=(2048, 2048))
    with pytest.raises(FormatError, match='1 more of the 2 cameras'):
        sizes('f', dict(a=typo['a'], b=typo['a']), ['a', 'b'], False)
    other = dict(a=dict(camera, w=500))  # not one of the known faults
    with pytest.raises(
        FormatError, match='f: camera \'a\', field "w": is 500.*Make the file again'
    ):
        sizes('f', other, ['a'], True)
