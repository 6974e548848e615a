"""Human3.6M, in files of our own and real ones."""

import pickle

import cv2
import numpy as np
import pytest

from mmpose_al.converters import h36m
from mmpose_al.converters.camera_pickle import load_camera_pickle
from mmpose_al.converters.common import category_of, convert
from mmpose_al.datasets.format import FormatError
from mmpose_al.datasets.multiview import MultiViewCocoDataset
from tests.test_converters.files import crumb, real, real_metainfo, reprojections, run


def h36m_files(folder, disagree=0.0):
    """Two subjects, two cameras, four frames of known world poses."""
    random = np.random.RandomState(1)
    cameras, rows = {}, []
    for subject in ('S1', 'S9'):
        for index, name in enumerate(('54138969', '55011271')):
            R = cv2.Rodrigues(np.array([1.5, 0.3 * index, 0.2]))[0]  # world to camera
            t = np.array([0.1, 0.2, 5.0])
            cameras[subject, name] = dict(
                R=R.T,
                T=(-R.T @ t)[:, None],
                f=np.array([[1100.0], [1105.0]]),
                c=np.array([[500.0], [510.0]]),
                k=np.array([[-0.2], [0.2], [-0.003]]),
                p=np.array([[-1e-3], [-2e-3]]),
                w=1000,
                h=1002,
                name='c',
                id=name,
            )
    world = random.randn(4, 17, 3) * 0.4
    for subject in ('S1', 'S9'):
        for name in ('54138969', '55011271'):
            camera = cameras[subject, name]
            for i, points in enumerate(world):
                local = (points - camera['T'].T) @ camera['R']
                local = local + disagree * (name == '55011271')
                x, y = local[:, 0] / local[:, 2], local[:, 1] / local[:, 2]
                r2, (p1, p2) = x * x + y * y, camera['p'].ravel()
                scale = 1 - 0.2 * r2 + 0.2 * r2**2 - 0.003 * r2**3 + p1 * y + p2 * x
                pixels = np.stack(
                    [1100 * (x * scale + p2 * r2) + 500, 1105 * (y * scale + p1 * r2) + 510], 1
                )
                stem = f'{subject}_WalkingDog 1.{name}'.replace(' ', '_')
                rows.append(
                    (
                        f'{subject}/{stem}/{stem}_{5 * i + 1:06d}.jpg',
                        np.c_[pixels, np.ones(17)],
                        np.c_[local, np.ones(17)],
                    )
                )
    annotation, calibration = str(folder / 'a.npz'), str(folder / 'c.pkl')
    np.savez(
        annotation,
        imgname=[row[0] for row in rows],
        part=[row[1] for row in rows],
        S=[row[2] for row in rows],
    )
    with open(calibration, 'wb') as file:
        pickle.dump(cameras, file)
    return annotation, calibration, world


def test_h36m_views_are_joined(tmp_path):
    annotation, calibration, world = h36m_files(tmp_path)
    tasks = h36m.make_tasks(annotation, calibration, h36m.SPLITS['test'], step=2)
    assert [task.name for task in tasks] == ['S9_WalkingDog_1']
    data = run(tasks, h36m.METAINFO, tmp_path / 'out.json')
    assert [
        (f['index'], f['source_frame'], f['time'], f['subject'], f['action'])
        for f in data['frames']
    ] == [(0, 1, 0.0, 'S9', 'WalkDog'), (1, 11, 0.2, 'S9', 'WalkDog')]
    assert len(data['images']) == 4 and len(data['cameras']) == 2
    for pose, expected in zip(data['poses_3d'], world[::2]):
        assert np.abs(pose['keypoints_3d'][:, :3] - 1000 * expected).max() < 1e-3
    for _, points, projected, both in reprojections(data):
        assert both.sum() > 10
        assert np.abs(points[both, :2] - projected[both]).max() < 2e-3
    tasks = h36m.make_tasks(annotation, calibration, cameras=['55011271'])
    data = run(tasks, h36m.METAINFO, tmp_path / 'out.json')
    assert {c['name'] for c in data['cameras']} == {'55011271'}
    assert len(data['frames']) == 8


def test_h36m_views_that_disagree_give_no_3d(tmp_path):
    annotation, calibration, _ = h36m_files(tmp_path, disagree=0.04)  # 69 mm
    tasks = h36m.make_tasks(annotation, calibration, ['S1'])
    lines = []
    data = convert(
        str(tmp_path / 'o.json'), tasks, category_of(h36m.METAINFO), '', report=lines.append
    )
    assert data['poses_3d'] == [] and len(data['annotations']) == 8
    assert any('4 3D poses on which the views differ by over 50 mm' in line for line in lines)
    assert any("views' 3D poses (mm): 69.28" in line for line in lines)


def test_h36m_faults_are_named(tmp_path):
    annotation, calibration, _ = h36m_files(tmp_path)
    cameras = load_camera_pickle(calibration)
    del cameras['S9', '55011271']['k']
    with open(calibration, 'wb') as file:
        pickle.dump(cameras, file)
    tasks = h36m.make_tasks(annotation, calibration)
    with pytest.raises(
        FormatError,
        match=r"c.pkl: camera \('S9', '55011271'\), field "
        '"k": is missing',
    ):
        run(tasks, h36m.METAINFO, tmp_path / 'out.json')
    del cameras['S9', '55011271']
    with open(calibration, 'wb') as file:
        pickle.dump(cameras, file)
    with pytest.raises(FormatError, match="'S9', '55011271'.*a.npz needs it"):
        h36m.make_tasks(annotation, calibration)
    np.savez(annotation, imgname=['x.jpg'], part=np.zeros((1, 17, 3)))
    with pytest.raises(FormatError, match='a.npz: file, field "S": is missing'):
        h36m.make_tasks(annotation, calibration)
    np.savez(annotation, imgname=['x.jpg'], part=np.zeros((1, 17, 3)), S=np.zeros((1, 17, 4)))
    with pytest.raises(FormatError, match=r"imgname\[0\].*'x.jpg'"):
        h36m.make_tasks(annotation, calibration)
    np.savez(annotation, imgname=np.array(['x', None]), part=0, S=0)
    with pytest.raises(FormatError, match='pickled objects are refused'):
        h36m.make_tasks(annotation, calibration)


@pytest.mark.parametrize(
    'names, option', [(dict(subjects=['S1', 'S99']), 'S99'), (dict(cameras=['5513869']), '5513869')]
)
def test_names_that_the_file_lacks_are_refused(names, option, tmp_path):
    annotation, calibration, _ = h36m_files(tmp_path)
    with pytest.raises(FormatError, match=f"a.npz: has no '{option}'. There are .*; correct --"):
        h36m.make_tasks(annotation, calibration, **names)


@real
def test_real_h36m(tmp_path):
    tasks = h36m.make_tasks(crumb('h36m', 'test_h36m_body3d.npz'), crumb('h36m', 'cameras.pkl'))
    data = run(tasks, h36m.METAINFO, tmp_path / 'out.json', image_root=crumb('h36m'))
    assert len(data['images']) == 4 and len(data['poses_3d']) == 4
    errors = [
        np.linalg.norm(points[:, :2] - projected, axis=1)
        for _, points, projected, _ in reprojections(data)
    ]
    assert np.max(errors) < 2e-3  # pixels; written to 1e-3 of a pixel, 1e-4 of a mm
    for pose in data['poses_3d']:  # z is up, from the floor
        assert 0 < pose['keypoints_3d'][:, 2].min() < 200
        assert 400 < pose['keypoints_3d'][:, 2].max() < 1900
    dataset = MultiViewCocoDataset(
        ann_file=str(tmp_path / 'out.json'),
        data_prefix=dict(img=crumb('h36m')),
        metainfo=dict(from_file=real_metainfo(h36m.METAINFO)),
        test_mode=True,
    )
    assert len(dataset) == 4
    assert cv2.imread(dataset.get_data_info(0)['img_path']).shape[:2] == (1002, 1000)
