"""Converters of public data sets; real files where ../shared/data has them."""

import importlib
import json
import os
import os.path as osp
import pickle
import sys

import cv2
import numpy as np
import pytest

from mmpose_al.converters import common, h36m, interhand, mannequin, mpi_inf_3dhp, panoptic
from mmpose_al.converters.camera_pickle import load_camera_pickle
from mmpose_al.converters.common import Part, Task, category_of, convert
from mmpose_al.datasets.format import FormatError, load_multiview
from mmpose_al.datasets.multiview import MultiViewCocoDataset

ROOT = osp.abspath(osp.join(osp.dirname(__file__), '..', '..'))
CRUMBS = osp.join(ROOT, '..', 'shared', 'data', 'crumbs')
real = pytest.mark.skipif(not osp.isdir(CRUMBS), reason='../shared/data/crumbs is absent')
sys.path.insert(0, osp.join(ROOT, 'tools', 'dataset_converters'))
ONE_JOINT = dict(id=1, name='person', keypoints=['nose'], skeleton=[])


def quiet(line):
    pass


def crumb(*names):
    return osp.join(CRUMBS, *names)


def run(tasks, metainfo, out, **options):
    """Convert and read back with the package's own checker."""
    data = convert(str(out), tasks, category_of(metainfo), 'test', report=quiet, **options)
    loaded = load_multiview(str(out))
    assert not loaded['skipped'] and len(loaded['images']) == len(data['images'])
    return loaded


def by_opencv(camera, points):
    return cv2.projectPoints(
        np.asarray(points, float)[:, None],
        cv2.Rodrigues(camera['R'])[0],
        camera['t'],
        camera['K'],
        camera['dist'] if len(camera['dist']) else None,
    )[0][:, 0]


def reprojections(data):
    """(annotation, keypoints (K, 3), 3D truth projected by OpenCV, joints of both)."""
    images = {i['id']: i for i in data['images']}
    cameras = {c['id']: c for c in data['cameras']}
    poses = {(p['frame_id'], p['person_id']): p['keypoints_3d'] for p in data['poses_3d']}
    for annotation in data['annotations']:
        image = images[annotation['image_id']]
        pose = poses[image['frame_id'], annotation['person_id']]
        points = np.array(annotation['keypoints']).reshape(-1, 3)
        yield (
            annotation,
            points,
            by_opencv(cameras[image['camera_id']], pose[:, :3]),
            (points[:, 2] > 0) & (pose[:, 3] > 0),
        )


# --- what all share ---------------------------------------------------------------


def a_part(sequence, name='cam', dist=(), frames=2):
    part = Part()
    camera = part.add_camera(
        name, (64, 48), [[50, 0, 30], [0, 50, 20], [0, 0, 1]], dist, np.eye(3), [0, 0, 1000]
    )
    for index in range(frames):
        frame = part.add_frame(sequence, index)
        image = part.add_image(f'{sequence}/{index}.jpg', frame, camera)
        part.add_person(image, 0, [10, 10, 20, 20], np.array([[30, 20, 2.0]]))
        part.add_pose(frame, 0, np.zeros((1, 3)), np.ones(1, dtype=bool))
    part.skip('odd ones', 2)
    return part


def test_assemble_renumbers_and_writes_equal_cameras_once():
    data, skipped = common.assemble(
        [a_part('a'), a_part('b'), a_part('c', dist=[0.1, 0, 0, 0])], ONE_JOINT, ''
    )
    assert [len(data[key]) for key in common.SECTIONS] == [2, 6, 6, 6, 6]
    assert [i['camera_id'] for i in data['images']] == [1, 1, 1, 1, 2, 2]
    assert [i['frame_id'] for i in data['images']] == [1, 2, 3, 4, 5, 6]
    assert [a['image_id'] for a in data['annotations']] == [1, 2, 3, 4, 5, 6]
    assert [p['frame_id'] for p in data['poses_3d']] == [1, 2, 3, 4, 5, 6]
    assert [f['sequence'] for f in data['frames']] == list('aabbcc')
    assert skipped == {'odd ones': 6}


class Tasks:
    """Three sequences that count their runs; ``fails`` raises when run."""

    def __init__(self, fails=None, inputs=0):
        self.ran, self.fails, self.inputs = [], fails, inputs

    def list(self):
        return [
            Task(name, self.inputs, lambda name=name: self.run(name))
            for name in ('s/1', 's/2', 's_2')
        ]

    def run(self, name):
        if name == self.fails:
            raise KeyboardInterrupt
        self.ran.append(name)
        return a_part(name)


def test_a_killed_run_goes_on_where_it_stopped(tmp_path):
    whole, out = str(tmp_path / 'whole.json'), str(tmp_path / 'out.json')
    convert(whole, Tasks().list(), ONE_JOINT, '', report=quiet)
    killed = Tasks(fails='s_2')
    with pytest.raises(KeyboardInterrupt):
        convert(out, killed.list(), ONE_JOINT, '', report=quiet)
    assert killed.ran == ['s/1', 's/2'] and not osp.exists(out)
    parts = sorted(os.listdir(out + '.parts'))
    assert len(parts) == 2
    lines, again = [], Tasks()
    convert(out, again.list(), ONE_JOINT, '', report=lines.append)
    assert again.ran == ['s_2']
    assert 'kept from an earlier run' in lines[0] and 'kept' not in lines[2]
    with open(whole) as a, open(out) as b:
        assert a.read() == b.read()
    assert not osp.exists(out + '.parts')


def test_parts_of_other_inputs_or_broken_ones_are_made_anew(tmp_path):
    out = str(tmp_path / 'out.json')
    convert(out, Tasks().list(), ONE_JOINT, '', keep_parts=True, report=quiet)
    same, other = Tasks(), Tasks(inputs=1)
    convert(out, same.list(), ONE_JOINT, '', keep_parts=True, report=quiet)
    convert(out, other.list(), ONE_JOINT, '', keep_parts=True, report=quiet)
    assert same.ran == [] and len(other.ran) == 3
    parts = [osp.join(out + '.parts', name) for name in os.listdir(out + '.parts')]
    assert len(parts) == 3  # 's/2' and 's_2' do not share one
    with open(parts[0], 'r+') as file:
        file.truncate(100)
    broken = Tasks(inputs=1)
    convert(out, broken.list(), ONE_JOINT, '', report=quiet)
    assert len(broken.ran) == 1


def test_invalid_data_is_not_written(tmp_path):
    out = tmp_path / 'out.json'

    def bad():
        part = a_part('a')
        part.cameras[0]['R'][0][0] = 2.0
        return part

    with pytest.raises(FormatError, match='"R": is not a rotation'):
        convert(str(out), [Task('a', 0, bad)], ONE_JOINT, '', report=quiet)
    assert not out.exists()
    with pytest.raises(FormatError, match='nothing to convert'):
        convert(str(out), [], ONE_JOINT, '', report=quiet)


def test_missing_images_raise_or_are_left_out(tmp_path):
    out, tasks = str(tmp_path / 'out.json'), [Task('a', 0, lambda: a_part('a'))]
    os.makedirs(str(tmp_path / 'a'))
    (tmp_path / 'a' / '1.jpg').write_bytes(b'')
    with pytest.raises(FormatError, match='1 of 2 images are missing, first .*0.jpg'):
        convert(out, tasks, ONE_JOINT, '', str(tmp_path), report=quiet)
    lines = []
    data = convert(out, tasks, ONE_JOINT, '', str(tmp_path), 'skip', report=lines.append)
    assert [len(data[key]) for key in common.SECTIONS] == [1, 1, 1, 1, 1]
    assert data['frames'][0]['index'] == 1
    assert any('1 images that are not on disk' in line for line in lines)
    assert (
        len(convert(out, tasks, ONE_JOINT, '', str(tmp_path), 'keep', report=quiet)['images']) == 2
    )


def test_progress_tells_the_time_that_is_left():
    times, lines = iter([0.0, 30.0, 60.0]), []
    progress = common.Progress(4, lines.append, lambda: next(times))
    progress.step('a', cached=True)  # took no time: nothing to learn from
    progress.step('b')  # 30 s for one: 60 s for the other two
    progress.step('c')  # 60 s for two: 30 s for the last
    assert lines == [
        '[1/4] a (kept from an earlier run)',
        '[2/4, 0:01:00 left] b',
        '[3/4, 0:00:30 left] c',
    ]


def test_digest_depends_on_every_value():
    values = [
        1,
        '1',
        1.0,
        [1],
        [1, 1],
        dict(a=1),
        dict(b=1),
        np.ones(2),
        np.ones(2, dtype=int),
        np.ones((1, 2)),
        [np.ones(2)],
        dict(a=np.ones(2)),
        dict(a=np.zeros(2)),
        [['a'], 'b'],
        [['a', 'b']],
        None,
    ]
    assert len({common.digest(value) for value in values}) == len(values)
    assert common.digest(dict(a=1, b=2)) == common.digest(dict(b=2, a=1))


def test_view_pixels_agree_with_opencv_and_leave_out_what_is_not_seen():
    random = np.random.RandomState(0)
    part = Part()
    for dist in (
        [],
        [-0.2, 0.2, 1e-3, -1e-3, 0.02],
        [-0.1, 0.1, 1e-3, 1e-3],
        [0.1, 0.2, 0, 0, 0.1, 0.1, 0.2, 0.1, 1e-3, 0, 1e-3, 0],
    ):
        R = cv2.Rodrigues(random.randn(3) * 0.2)[0]
        part.add_camera(
            'c', (640, 480), [[500, 0, 310], [0, 510, 250], [0, 0, 1]], dist, R, [100, -50, 4000]
        )
    points = random.randn(5, 7, 3) * 800
    points[0, 0] = np.nan
    pixels, shown = common.view_pixels(points, part.cameras)
    assert pixels.shape == (4, 5, 7, 2) and shown.shape == (4, 5, 7)
    assert not shown[:, 0, 0].any() and 60 < shown.sum() < 140
    for camera, at, see in zip(part.cameras, pixels, shown):
        camera = {key: np.array(value) for key, value in camera.items()}
        expected = by_opencv(camera, np.nan_to_num(points).reshape(-1, 3))
        assert np.abs(at[see] - expected[see.ravel()]).max() < 1e-6
        inside = ((expected >= -0.5) & (expected <= [639.5, 479.5])).all(axis=1)
        inside[0] = False
        assert (see.ravel() == inside).all()


def test_points_that_only_the_polynomial_brings_into_the_image_are_not_seen():
    # r (1 - 0.3 r^2) grows up to r = 1 / sqrt(0.9), and is 0 again at 1 / sqrt(0.3).
    assert common.fold_radius([-0.3, 0, 0, 0]) == pytest.approx(0.9**-0.5, abs=1e-3)
    assert common.fold_radius([]) == common.fold_radius([0.1, 0.1, 0, 0]) == np.inf
    part = Part()
    part.add_camera(
        'c',
        (640, 480),
        [[500, 0, 320], [0, 500, 240], [0, 0, 1]],
        [-0.3, 0, 0, 0],
        np.eye(3),
        [0, 0, 0],
    )
    points = np.array([[0, 0, 1000.0], [1800, 0, 1000], [0, 0, -1000]])
    camera = {key: np.array(value) for key, value in part.cameras[0].items()}
    assert by_opencv(camera, points)[1] == pytest.approx([345.2, 240])  # "inside"
    shown = common.view_pixels(points, part.cameras)[1]
    assert shown.tolist() == [[True, False, False]]


def test_boxes_by_hand():
    points = np.array([[10, 20.0], [20, 40], [500, 500]])
    shown = np.array([True, True, False])
    assert common.box_around(points, shown, (100, 60)) == pytest.approx([9, 18, 12, 24])
    # Cut off at the last pixel; one point still has an area.
    assert common.box_around(points, shown, (20, 60), 2.0) == pytest.approx([5, 10, 14, 40])
    assert common.box_around(points[:1], shown[:1], (100, 60)) == [10, 20, 1, 1]
    assert common.box_around(points, ~shown | shown, (400, 400))[2:] != [0, 0]
    assert common.box_around(points, np.zeros(3, bool), (100, 60)) is None


def test_metainfo_that_is_not_there():
    with pytest.raises(FormatError, match='nowhere.py: no such file'):
        category_of('nowhere.py')


# --- pickles ----------------------------------------------------------------------


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_in_a_pickle_is_run(tmp_path, protocol):
    path, evil = tmp_path / 'cameras.pkl', str(tmp_path / 'evil')
    path.write_bytes(pickle.dumps({'S1': {'R': Evil(evil)}}, protocol))
    with pytest.raises(
        FormatError,
        match=r'cameras.pkl: holds \w+.mkdir, which is '
        'neither',
    ):
        load_camera_pickle(str(path))
    assert not osp.exists(evil)


def test_other_pickles_are_refused(tmp_path):
    path = tmp_path / 'cameras.pkl'
    for value, problem in (
        (eval, 'holds builtins.eval'),
        ([1], 'not a dictionary'),
        (dict(a=1), 'not a dictionary'),
        (np.memmap, 'numpy.*memmap'),
    ):
        path.write_bytes(pickle.dumps(value))
        with pytest.raises(FormatError, match=problem):
            load_camera_pickle(str(path))
    good = {('S1', '54138969'): dict(R=np.eye(3), w=np.int64(5), f=np.float64(2.5), name='c')}
    raw = pickle.dumps(good, 3)
    path.write_bytes(raw[:-20])
    with pytest.raises(FormatError, match='not a readable pickle'):
        load_camera_pickle(str(path))
    old = raw.replace(b'numpy._core.', b'numpy.core.')  # as NumPy 1 writes it
    for content in (old, old.replace(b'numpy.core.', b'numpy._core.')):
        path.write_bytes(content)
        loaded = load_camera_pickle(str(path))['S1', '54138969']
        assert (loaded['R'] == np.eye(3)).all() and loaded['w'] == 5


@pytest.mark.parametrize(
    'value',
    [
        np.arange(6, dtype='>i2').reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.zeros((0, 3)),
        np.array(2.5, np.float32),
        np.array([True, False]),
        np.float64(-2.5),
        np.int64(5),
        np.uint8(200),
        np.bool_(True),
    ],
)
def test_arrays_of_pickles_are_what_was_written(tmp_path, value):
    path = tmp_path / 'cameras.pkl'
    shared = [value]
    path.write_bytes(pickle.dumps({0: dict(a=value, b=(shared, shared))}, 3))
    camera = load_camera_pickle(str(path))[0]
    for loaded in (camera['a'], camera['b'][0][0], camera['b'][1][0]):
        assert type(loaded) is type(value) and loaded.dtype == value.dtype
        assert loaded.shape == value.shape and (loaded == value).all()


def test_pickles_of_python_2(tmp_path):
    dtype = b"cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntb"
    number = (
        b'cnumpy.core.multiarray\nscalar\n('
        + dtype
        + (b"S'\\x00\\x00\\x00\\x00\\x00\\x00\\xf0\\xbf'\ntR")
    )  # -1.0
    path = tmp_path / 'cameras.pkl'
    path.write_bytes(b"(dS'a'\n(dS'f'\n" + number + b'ss.')
    assert load_camera_pickle(str(path)) == dict(a=dict(f=-1.0))


def array_pickle(dtype, shape=(1,), raw=b'A' * 8):
    """{0: {'w': array}} of a dtype in pickle's opcodes."""

    def plain(value):
        return pickle.dumps(value, 3)[2:-1]

    return (
        b'\x80\x03}'
        + plain(0)
        + b'}'
        + plain('w')
        + b'cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n'
        + plain((0,))
        + plain(b'b')
        + b'tR('
        + plain(1)
        + plain(shape)
        + dtype
        + b'\x89'
        + plain(raw)
        + b'tbss.'
    )


def test_a_pickle_cannot_deceive_numpy(tmp_path):
    """An object dtype whose flags are cleared made pointers of the file's bytes."""
    path = tmp_path / 'cameras.pkl'
    state = pickle.dumps((3, '|', None, None, None, -1, -1, 0), 3)[2:-1] + b'b'
    objects = b'cnumpy\ndtype\n(X\x02\x00\x00\x00O8\x89\x88tR' + state
    numbers = objects.replace(b'O8', b'f8')
    path.write_bytes(array_pickle(numbers))
    assert load_camera_pickle(str(path))[0]['w'].shape == (1,)
    for content, problem in (
        (array_pickle(objects), "dtype 'O8', not of numbers"),
        (array_pickle(numbers, (2,)), '2 numbers with 8 bytes'),
        (array_pickle(numbers, (-1,)), 'array of shape'),
        (array_pickle(numbers, (2**62, 4)), 'numbers with 8 bytes'),
        (array_pickle(numbers, raw=[object]), 'holds builtins.object'),
        (array_pickle(numbers, raw=[1]), 'something else than numbers'),
        (array_pickle(b'N'), 'something else than numbers'),
        (array_pickle(numbers.replace(b'|', b'O')), 'byte order'),
    ):
        path.write_bytes(content)
        with pytest.raises(FormatError, match='cameras.pkl: .*' + problem):
            load_camera_pickle(str(path))


# --- Human3.6M --------------------------------------------------------------------


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


def real_metainfo(path):
    import mmpose

    return osp.join(osp.dirname(mmpose.__file__), '.mim', path)


# --- MPI-INF-3DHP -----------------------------------------------------------------


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


# --- InterHand2.6M ----------------------------------------------------------------

INTERHAND = [
    ('interhand2.6m', f'test_interhand2.6m_{kind}.json') for kind in ('data', 'camera', 'joint_3d')
]


@real
def test_real_interhand_boxes_are_those_of_the_projected_joints(tmp_path):
    tasks = interhand.make_tasks(*(crumb(*name) for name in INTERHAND))
    data = run(tasks, interhand.METAINFO, tmp_path / 'out.json', image_root=crumb('interhand2.6m'))
    assert sorted(f['subject'] for f in data['frames']) == ['0', '2', '3', '6']
    count = []
    for annotation, points, projected, both in reprojections(data):
        count.append(both.sum())
        assert np.abs(points[both, :2] - projected[both]).max() < 1e-3
        # The data set has boxes only: 1.2 times the extent of all valid joints.
        low, high = projected[both].min(axis=0), projected[both].max(axis=0)
        box = np.array(annotation['bbox'])
        assert np.abs(box[2:] - 1.2 * (high - low)).max() < 2e-3
        assert np.abs(box[:2] + box[2:] / 2 - (low + high) / 2).max() < 2e-3
    assert sorted(count) == [21, 21, 42, 42]
    for pose in data['poses_3d']:
        unknown = pose['keypoints_3d'][:, 3] == 0
        assert (pose['keypoints_3d'][unknown] == 0).all()
    assert len(interhand.make_tasks(*(crumb(*n) for n in INTERHAND), ['3', '7'])) == 2


@real
def test_interhand_faults_are_named(tmp_path):
    files = []
    for name in INTERHAND:
        with open(crumb(*name)) as file:
            files.append(json.load(file))
    with pytest.raises(FormatError, match='has no capture 9. There are 2, 3, 4, 7'):
        interhand.make_tasks(*(crumb(*n) for n in INTERHAND), ['9'])
    with pytest.raises(FormatError, match='has no images of camera 1'):
        interhand.make_tasks(*(crumb(*n) for n in INTERHAND), cameras=['1'])
    broken = str(tmp_path / 'd.json')
    with open(broken, 'w') as file:
        json.dump(dict(images=[dict(id=1, file_name='a', width=1, height=1)], annotations=[]), file)
    with pytest.raises(
        FormatError,
        match=r'd.json: images\[0\], field "capture": is '
        'missing',
    ):
        interhand.make_tasks(broken, *(crumb(*n) for n in INTERHAND[1:]))
    del files[1]['3']['focal']
    files[2]['2']['44669']['world_coord'].pop()
    paths = []
    for kind, content in zip('abc', files):
        paths.append(str(tmp_path / f'{kind}.json'))
        with open(paths[-1], 'w') as file:
            json.dump(content, file)
    tasks = interhand.make_tasks(*paths)
    with pytest.raises(
        FormatError, match='b.json: Capture3/0390_dh_touchROM, camera 400026, field "focal"'
    ):
        tasks[0].run()
    with pytest.raises(FormatError, match='c.json: .*frame 44669, field "world_coord"'):
        tasks[1].run()


def test_distant_cameras_by_hand():
    centers = np.array([[0, 0, 0.0], [1, 0, 0], [10, 0, 0], [10, 1, 0], [5, 9, 0]])
    # Mean (5.2, 2, 0): farthest is 4 (7.0). Then 0 (10.3), then 2: 10 from 0 and 10.3
    # from 4, ahead of 3 (10.05 and 9.4).
    assert interhand.distant(centers, 3) == [4, 0, 2]
    assert sorted(interhand.distant(centers, 9)) == [0, 1, 2, 3, 4]


# --- CMU Panoptic -----------------------------------------------------------------


@real
def test_real_panoptic(tmp_path):
    root = crumb('panoptic_body3d')
    assert panoptic.find_sequences(root) == ['160906_band1', '160906_band2']
    with pytest.raises(FormatError, match='there are 2 sequences.*the 7/1/1 split'):
        panoptic.split_7_1_1(panoptic.find_sequences(root))
    tasks = panoptic.make_tasks(root, ['160906_band1', '160906_band2'], 'all')
    data = run(tasks, panoptic.METAINFO, tmp_path / 'out.json')
    # One frame of each pair, 1/30 s apart, at 1 fps.
    assert [f['source_frame'] for f in data['frames']] == [168, 139]
    assert len(data['images']) == 62 and len(data['poses_3d']) == 6
    assert data['images'][7]['file_name'] == ('160906_band1/hdImgs/00_07/00_07_00000168.jpg')
    seen = 0
    for annotation, points, projected, both in reprojections(data):
        seen += both.sum()
        assert np.abs(points[both, :2] - projected[both]).max() < 1e-3
        x, y, w, h = annotation['bbox']
        # Boxes end at the centres of the outermost pixels.
        assert (
            (points[both, :2] >= [x - 0.51, y - 0.51])
            & (points[both, :2] <= [x + w + 0.51, y + h + 0.51])
        ).all()
    assert seen > 0.8 * 31 * 6 * 19  # the stage is in view of all HD cameras
    for pose in data['poses_3d']:
        body = pose['keypoints_3d']
        assert 350 < np.linalg.norm(body[0, :3] - body[2, :3]) < 650  # neck, mid hip
        # Heads of people who sit or stand, y down.
        assert -1900 < body[body[:, 3] > 0, 1].min() < -800
    left_ankle = data['poses_3d'][0]['keypoints_3d'][8]
    assert left_ankle.tolist() == [0, 0, 0, 0]  # confidence -1 in the file
    tasks = panoptic.make_tasks(root, ['160906_band1'], ['00_03', '00_20'], fps=29.97)
    data = run(tasks, panoptic.METAINFO, tmp_path / 'out.json')
    assert [f['source_frame'] for f in data['frames']] == [168, 169]
    assert [c['name'] for c in data['cameras']] == ['00_03', '00_20']


@real
def test_panoptic_cameras():
    root = crumb('panoptic_body3d')
    cameras = panoptic.hd_cameras(root, '160906_band1')
    names = panoptic.choose_cameras(root, '160906_band1', 'eye-level')
    assert len(cameras) == 31 and len(names) == 8
    heights = {name: (-c['R'].T @ c['t'])[1] for name, c in cameras.items()}
    worst = max(abs(-heights[name] - 1500) for name in names)
    assert worst < 330  # 1.17 to 1.83 m
    assert all(abs(-heights[name] - 1500) >= worst for name in set(cameras) - set(names))
    with pytest.raises(FormatError, match="no HD camera '00_31'"):
        panoptic.choose_cameras(root, '160906_band1', ['00_31'])
    with pytest.raises(FormatError, match='160906_band9.*no such folder'):
        panoptic.make_tasks(root, ['160906_band9'])


def test_panoptic_split_and_subsampling():
    split = panoptic.split_7_1_1([f's{i}' for i in range(9)][::-1])
    assert split == dict(train=[f's{i}' for i in range(7)], val=['s7'], test=['s8'])
    numbers = list(range(100, 190)) + [250, 251]
    assert panoptic.first_in_bins(numbers, 29.97) == [100, 130, 160, 250]
    assert panoptic.first_in_bins(numbers, 1.0) == numbers


def test_panoptic_faults_are_named(tmp_path):
    path = tmp_path / 'body3DScene_00000001.json'
    path.write_text('{"bodies": [{"id": 0, "joints19": [1, 2, 3]}]}')
    with pytest.raises(FormatError, match=r'bodies\[0\], field "joints19": has 3'):
        panoptic.read_bodies(str(path), 0.1)
    path.write_text('{"bodies": [')
    with pytest.raises(FormatError, match='00000001.json: is not JSON'):
        panoptic.read_bodies(str(path), 0.1)


# --- MannequinChallenge -----------------------------------------------------------

JOINTS = category_of(mannequin.METAINFO)['keypoints']
REQUIRED = [['thorax'], ['pelvis']]


def mannequin_files(folder, frames=9):
    """A camera that pans past three people who stand still, 640 x 360.

    Person 0 is seen in all frames; 1 is hidden in frame 4 and has a weak pelvis in
    frame 0; 2 is seen in the first four.
    """
    random = np.random.RandomState(0)
    people = random.randn(3, 16, 3) * [0.15, 0.4, 0.1]
    people += np.array([[-1, 0, 5], [0, 0, 4], [1, 0, 5]])[:, None]
    lines, predictions, truth = ['https://www.youtube.com/watch?v=x'], [], {}
    K = np.array([[0.9 * 640, 0, 0.5 * 640 - 0.5], [0, 1.6 * 360, 0.5 * 360 - 0.5], [0, 0, 1.0]])
    for frame in range(frames):
        R = cv2.Rodrigues(np.array([0, 0.02 * frame, 0]))[0]
        t = np.array([-0.03 * frame, 0, 0.01 * frame])
        lines.append(
            ' '.join(
                map(
                    repr,
                    [33366 * frame, 0.9, 1.6, 0.5, 0.5, 0.0, 0.0, *np.c_[R, t].ravel().tolist()],
                )
            )
        )
        for person in (2, 0, 1):
            if (person, frame) == (1, 4) or (person == 2 and frame > 3):
                continue
            local = people[person] @ R.T + t
            pixels = (local @ K.T)[:, :2] / local[:, 2:]
            score = np.full(16, 0.9)
            if (person, frame) == (1, 0):
                score[JOINTS.index('pelvis')] = 0.4
            truth[person, frame] = pixels
            predictions.append(dict(frame=frame, keypoints=np.c_[pixels, score].ravel().tolist()))
    for name in ('cameras', 'predictions'):
        os.makedirs(str(folder / name))
    (folder / 'cameras' / 'v1.txt').write_text('\n'.join(lines) + '\n\n')
    (folder / 'cameras' / 'no_predictions.txt').write_text('\n'.join(lines))
    (folder / 'predictions' / 'v1.json').write_text(json.dumps(predictions))
    return (str(folder / 'cameras'), str(folder / 'predictions')), people, truth


def test_mannequin_tracklets_are_views_of_one_moment(tmp_path):
    folders, people, truth = mannequin_files(tmp_path)
    tasks = mannequin.make_tasks(
        *folders, JOINTS, REQUIRED, str(tmp_path), size=(640, 360), image='{video}/{index:03d}.jpg'
    )
    assert [task.name for task in tasks] == ['v1']
    lines = []
    convert(
        str(tmp_path / 'o.json'), tasks, category_of(mannequin.METAINFO), '', report=lines.append
    )
    data = load_multiview(str(tmp_path / 'o.json'))
    assert len(data['frames']) == 1 and len(data['cameras']) == 9
    assert {c['name'] for c in data['cameras']} == {'v1'}
    images = {i['id']: i for i in data['images']}
    cameras = {c['id']: c for c in data['cameras']}
    found = {}
    for annotation in data['annotations']:
        image = images[annotation['image_id']]
        person = (0, 1)[annotation['person_id']]
        found.setdefault(person, []).append(image['source_frame'])
        points = np.array(annotation['keypoints']).reshape(-1, 3)
        assert np.abs(points[:, :2] - truth[person, image['source_frame']]).max() < 1e-3
        # The scene in mm (1 unit = 1 m) projects onto the predictions.
        projected = by_opencv(cameras[image['camera_id']], 1000 * people[person])
        assert np.abs(points[:, :2] - projected).max() < 2e-3
        assert image['file_name'] == f'v1/{image["source_frame"]:03d}.jpg'
    # 0 everywhere; 1 over the gap, without the weak pelvis; 2 is too short.
    assert {k: sorted(v) for k, v in found.items()} == {0: list(range(9)), 1: [1, 2, 3, 5, 6, 7, 8]}
    text = '\n'.join(lines)
    assert '1 tracklets that are too short' in text
    assert '4 poses in tracklets that are too short' in text
    assert '1 poses with too many or the wrong joints hidden' in text


def test_mannequin_frames_of_one_camera_are_one_view(tmp_path):
    folders, _, _ = mannequin_files(tmp_path)
    path = tmp_path / 'cameras' / 'v1.txt'
    lines = path.read_text().split('\n')
    for frame in (4, 6, 7):  # the camera rests in 3, 4 and in 5, 6, 7
        source = 3 if frame == 4 else 5
        lines[1 + frame] = ' '.join([lines[1 + frame].split()[0], *lines[1 + source].split()[1:]])
    path.write_text('\n'.join(lines))
    tasks = mannequin.make_tasks(*folders, JOINTS, REQUIRED, str(tmp_path), size=(640, 360))
    report = []
    convert(
        str(tmp_path / 'o.json'), tasks, category_of(mannequin.METAINFO), '', report=report.append
    )
    data = load_multiview(str(tmp_path / 'o.json'))
    assert [i['source_frame'] for i in data['images']] == [0, 1, 2, 3, 5, 8]
    assert '3 views whose camera is that of an earlier one' in '\n'.join(report)
    # 1 has five poses left.
    assert len(data['annotations']) == 6 + 5


def test_mannequin_filters_are_those_of_the_paper():
    filters = mannequin.Filters([[7], [6]])
    confidence = np.full(16, 0.9)
    assert mannequin.is_good(confidence, filters)
    confidence[8:] = 0.4  # exactly half: kept
    assert mannequin.is_good(confidence, filters)
    confidence[0] = 0.49  # more than half
    assert not mannequin.is_good(confidence, filters)
    for joint in (6, 7):
        confidence = np.full(16, 0.9)
        confidence[joint] = 0.5  # not below
        assert mannequin.is_good(confidence, filters)
        confidence[joint] = 0.49
        assert not mannequin.is_good(confidence, filters)


def test_similarity_against_a_slow_version():
    random = np.random.RandomState(0)
    a, b = random.rand(3, 5, 3) * [100, 200, 1], random.rand(4, 5, 3) * [100, 200, 1]
    got = mannequin.similarity(a, b, 0.1)
    for i, one in enumerate(a):
        for j, other in enumerate(b):
            areas = [np.prod(p[:, :2].max(0) - p[:, :2].min(0)) for p in (one, other)]
            total = value = 0
            for p, q in zip(one, other):
                d2 = (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2
                weight = p[2] * q[2]
                value += weight * np.exp(-d2 / (2 * np.mean(areas) * 0.2**2))
                total += weight
            assert got[i, j] == pytest.approx(value / total)
    assert mannequin.similarity(a, a, 0.1).diagonal() == pytest.approx([1, 1, 1])


def test_track_ids_are_used_where_all_have_one():
    def pose(frame, track):
        return mannequin.Pose(frame, np.zeros((2, 3)), track)

    poses = [pose(0, 7), pose(0, 3), pose(1, 3), pose(1, 7)]
    assert mannequin.associate(poses).tolist() == [0, 1, 1, 0]


def test_mannequin_faults_are_named(tmp_path):
    folders, _, _ = mannequin_files(tmp_path)
    with pytest.raises(FormatError, match="joint 'neck' is not one of"):
        mannequin.make_tasks(*folders, JOINTS, [['neck']], '.')
    path = tmp_path / 'predictions' / 'v1.json'
    (task,) = mannequin.make_tasks(*folders, JOINTS, REQUIRED, str(tmp_path))
    with pytest.raises(FormatError, match='v1/0.jpg: no such image'):
        task.run()
    for change, problem in (
        (dict(frame=9), '"frame": is 9, the video has 9'),
        (dict(frame=True), '"frame": is True'),
        (dict(timestamp=5), '"timestamp": 5 is not in'),
        (dict(timestamp=[5]), '"timestamp": .5. is not in'),
        (dict(frame=0, track_id=[7]), '"track_id": is .7.'),
        (dict(frame=0, keypoints=[1, 2, 3]), 'is not 48 finite'),
    ):
        path.write_text(json.dumps([dict(dict(keypoints=[1] * 48), **change)]))
        (task,) = mannequin.make_tasks(*folders, JOINTS, REQUIRED, '.', size=(640, 360))
        with pytest.raises(FormatError, match=r'v1.json: \[0\], field .*' + problem):
            task.run()
    pose = dict(frame=0, keypoints=[1] * 48, track_id=7)
    for content, problem in (
        ([pose, 5], r'\[1\], field "frame": is missing, .* 5'),
        ([pose, pose], r'\[1\], .*: 7 is also that of \[0\]'),
    ):
        path.write_text(json.dumps(content))
        with pytest.raises(FormatError, match='v1.json: ' + problem):
            mannequin.read_predictions(str(path), 16, range(9))
    path.write_text(json.dumps([pose, dict(pose, track_id='7'), dict(pose, frame=1)]))
    assert len(mannequin.read_predictions(str(path), 16, range(9))) == 3
    (tmp_path / 'cameras' / 'v1.txt').write_text('0 1 1 .5 .5 0 0 1 0 0 0 0 1\n')
    with pytest.raises(FormatError, match='v1.txt: line 1, field "line": is not 19'):
        mannequin.read_cameras(str(tmp_path / 'cameras' / 'v1.txt'))


# --- command lines ----------------------------------------------------------------


@real
def test_command_lines_write_files_and_turn_errors_into_one_line(tmp_path, capsys):
    import h36m2multiview
    import interhand2multiview
    import mpi_inf_3dhp2multiview
    import panoptic2multiview

    root = crumb('panoptic_body3d')
    panoptic2multiview.main(
        [
            root,
            '--out',
            str(tmp_path),
            '--train',
            '160906_band1',
            '--test',
            '160906_band2',
            '--test-cameras',
            '00_01',
            '00_02',
            '--missing-images',
            'keep',
        ]
    )
    assert len(load_multiview(str(tmp_path / 'train.json'))['cameras']) == 8
    assert len(load_multiview(str(tmp_path / 'test.json'))['cameras']) == 2
    assert not (tmp_path / 'val.json').exists()
    with pytest.raises(FormatError, match='8 of 8 images are missing'):
        panoptic2multiview.main([root, '--out', str(tmp_path), '--train', '160906_band1'])
    out = str(tmp_path / 'out.json')
    h36m2multiview.main(
        [
            '--annotations',
            crumb('h36m', 'test_h36m_body3d.npz'),
            '--cameras',
            crumb('h36m', 'cameras.pkl'),
            '--images',
            crumb('h36m'),
            '--out',
            out,
            '--subjects',
            'S1',
        ]
    )
    assert len(load_multiview(out)['images']) == 1
    interhand2multiview.main(
        [
            '--data',
            crumb(*INTERHAND[0]),
            '--camera',
            crumb(*INTERHAND[1]),
            '--joint-3d',
            crumb(*INTERHAND[2]),
            '--images',
            crumb('interhand2.6m'),
            '--out',
            out,
        ]
    )
    assert '4 frames of 4 sequences, 4 images' in capsys.readouterr().out
    arguments = [
        '--annotations',
        crumb('mpi_inf_3dhp', 'test_3dhp_train.npz'),
        '--cameras',
        crumb('mpi_inf_3dhp', 'cameras_train.pkl'),
        '--images',
        crumb('mpi_inf_3dhp'),
        '--out',
        out,
    ]
    with pytest.raises(SystemExit) as stop:
        common.run_tool(lambda: mpi_inf_3dhp2multiview.main(arguments), 'tool')
    assert stop.value.code.startswith('tool: ') and '"h": is 204' in stop.value.code
    mpi_inf_3dhp2multiview.main(arguments + ['--fix-known-typos'])
    assert len(load_multiview(out)['images']) == 2


@pytest.mark.parametrize(
    'tool, option, values',
    [
        ('h36m2multiview', '--step', ('0', '-1', '1.5')),
        ('mpi_inf_3dhp2multiview', '--step', ('0', '-1', '1.5')),
        ('interhand2multiview', '--step', ('0', '-1', '1.5')),
        ('panoptic2multiview', '--fps', ('0', '-1', 'nan', 'inf')),
    ],
)
def test_command_lines_refuse_numbers_that_cannot_be(tool, option, values, capsys):
    parse = importlib.import_module(tool).parse_args
    for value in values:
        with pytest.raises(SystemExit):
            parse([f'{option}={value}'])
        assert f'argument {option}: ' in capsys.readouterr().err


def test_command_line_of_mannequin(tmp_path):
    import mannequin2multiview

    folders, _, _ = mannequin_files(tmp_path)
    mannequin2multiview.main(
        [
            folders[0],
            '--predictions',
            folders[1],
            '--images',
            str(tmp_path),
            '--out',
            str(tmp_path / 'out.json'),
            '--size',
            '640',
            '360',
            '--missing-images',
            'keep',
        ]
    )
    assert len(load_multiview(str(tmp_path / 'out.json'))['annotations']) == 16
