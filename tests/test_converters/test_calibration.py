"""Calibration files of other tools; those of Qualisys also on a real rig."""

import os.path as osp

import cv2
import numpy as np
import pytest

from mmpose_al.converters.calibration import read_calibration
from mmpose_al.datasets.format import FormatError

RIG = osp.join(
    osp.dirname(__file__),
    '..',
    '..',
    '..',
    'shared',
    'data',
    'multiview',
    'pose2sim_singleperson.npz',
)
K = np.array([[1000, 0, 640.5], [0, 1010, 360], [0, 0, 1.0]])
DIST = np.array([-0.1, 0.05, 1e-3, -2e-3, 0.01])
R = cv2.Rodrigues(np.array([0.1, -0.4, 0.2]))[0]
T = np.array([0.5, -0.25, 3.0])


def check(camera, name, t_mm, dist=DIST, size=(1280, 720)):
    assert camera['name'] == name and camera['size'] == size
    assert np.allclose(camera['K'], K) and np.allclose(camera['dist'], dist)
    assert np.allclose(camera['R'], R) and np.allclose(camera['t'], t_mm)


TOML = """
[cam_1]
name = "left"
size = [ 1280, 720,]
matrix = [ [ 1000.0, 0.0, 640.5,], [ 0.0, 1010.0, 360.0,], [ 0.0, 0.0, 1.0,],]
distortions = [ -0.1, 0.05, 0.001, -0.002, 0.01,]
rotation = [ 0.1, -0.4, 0.2,]
translation = [ 0.5, -0.25, 3.0,]
fisheye = false

[cam_2]
size = [ 1280.0, 720.0]
matrix = [ [ 1000.0, 0.0, 640.5,], [ 0.0, 1010.0, 360.0,], [ 0.0, 0.0, 1.0,],]
distortions = [ -0.1, 0.05, 0.001, -0.002]
rotation = [ 0.1, -0.4, 0.2,]
translation = [ 0.5, -0.25, 3.0,]

[metadata]
adjusted = false
error = 0.0
"""


def test_toml(tmp_path):
    path = tmp_path / 'calib.toml'
    path.write_text(TOML)
    one, two = read_calibration([str(path)], 'm')
    check(one, 'left', [500, -250, 3000])
    check(two, 'cam_2', [500, -250, 3000], DIST[:4])
    assert np.allclose(read_calibration([str(path)], 'mm')[0]['t'], T)
    assert np.allclose(read_calibration([str(path)], 'cm')[0]['t'], 10 * T)


@pytest.mark.parametrize(
    'old, new, problem',
    [
        ('fisheye = false', 'fisheye = true', '\'cam_1\', field "fisheye": is true'),
        ('rotation = [ 0.1, -0.4, 0.2,]', '', '\'cam_1\', field "rotation": is missing'),
        ('[ 0.5, -0.25, 3.0,]', '[ 0.5, -0.25]', '\'left\', field "t": is .*, not 3'),
        ('[ 0.5, -0.25, 3.0,]', '[ 0.5, nan, 3.0]', '\'left\', field "t": .* 3 finite'),
        ('"left"', '"cam_2"', '\'cam_2\', field "name": stands twice'),
        ('size = [ 1280, 720,]', 'size = [1280, 719.5]', '\'left\', field "size"'),
        ('[cam_2]', '[cam_2', 'is not TOML'),
        ('fisheye = false', 'camera_model = "KANNALA_BRANDT"', '"camera_model": is .KANNALA'),
        ('adjusted = false', 'fisheye = true', '\'cam_2\', field "fisheye": is true'),
        ('[cam_1]', 'lens_model = "fisheye"\n[cam_1]', '"lens_model": is .fisheye'),
        ('fisheye = false', 'xi = 0.9', '\'cam_1\', field "xi": is 0.9'),
        ('1000.0, 0.0, 640.5', '0.78, 0.0, 0.5', '\'left\', field "K": has the focal lengths'),
        ('1000.0, 0.0, 640.5', '-1000.0, 0.0, 640.5', 'fx = -1000, .* not positive'),
        ('640.5', '2640.5', '"K": has the principal point .2640.5, 360., far outside'),
    ],
)
def test_toml_faults_are_named(tmp_path, old, new, problem):
    path = tmp_path / 'calib.toml'
    path.write_text(TOML.replace(old, new, 1))
    with pytest.raises(FormatError, match='calib.toml: .*' + problem):
        read_calibration([str(path)], 'm')


def test_toml_tables_of_other_things_are_passed_over(tmp_path):
    path = tmp_path / 'calib.toml'
    other = '[charuco]\ncolumns = 4\nname = "board"\n[triangulation]\nmax_frame = 10\n'
    path.write_text('camera_count = 2\n' + other + TOML)
    assert [c['name'] for c in read_calibration([str(path)], 'm')] == ['left', 'cam_2']
    path.write_text(other)
    with pytest.raises(FormatError, match='calib.toml: holds no camera'):
        read_calibration([str(path)], 'm')


def test_toml_cameras_in_a_table_of_their_own(tmp_path):
    path = tmp_path / 'calib.toml'
    path.write_text(TOML.replace('[cam_', '[cameras.'))
    assert [c['name'] for c in read_calibration([str(path)], 'm')] == ['left', '2']


def test_only_cameras_that_are_views_are_checked(tmp_path):
    path = tmp_path / 'calib.toml'
    path.write_text(TOML.replace('fisheye = false', 'fisheye = true').replace('"left"', '"odd"'))
    odd, two = read_calibration([str(path)], 'm', views=['cam_2'])
    assert odd == dict(name='odd')
    check(two, 'cam_2', [500, -250, 3000], DIST[:4])
    path = tmp_path / 'calib.qca'
    text = qca([(n, (1280, 720), K, DIST, R, 1000 * T) for n in ('marker', 'a', 'odd', 'odd')])
    text = text.replace('<fov_video', '<fov_marker', 1)
    text = text.replace(
        'serial="odd" model="Miqus Video" viewrotation="0"',
        'serial="odd" model="Miqus Video" viewrotation="90"',
    )
    path.write_text(text)
    cameras = read_calibration([str(path)], views=['a', 'not in the file'])
    assert [c['name'] for c in cameras] == ['marker', 'a', 'odd', 'odd']
    check(cameras[1], 'a', [500, -250, 3000])
    for name, problem in (('marker', 'fov_video/left'), ('odd', 'stands twice')):
        with pytest.raises(FormatError, match=f"'{name}', field .*{problem}"):
            read_calibration([str(path)], views=[name])


def test_the_unit_must_be_told(tmp_path):
    path = tmp_path / 'calib.toml'
    path.write_text(TOML)
    with pytest.raises(FormatError, match='unit of its translations. Pass --unit'):
        read_calibration([str(path)])
    with pytest.raises(FormatError, match='other.toml: no such file'):
        read_calibration([str(tmp_path / 'other.toml')], 'm')
    (tmp_path / 'calib.csv').write_text('')
    with pytest.raises(FormatError, match='unknown kind'):
        read_calibration([str(tmp_path / 'calib.csv')], 'm')


def write_yaml(path, **values):
    store = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    for key, value in values.items():
        if key == 'names':
            store.startWriteStruct('names', cv2.FileNode_SEQ)
            for name in value:
                store.write('', name)
            store.endWriteStruct()
        else:
            store.write(key, value)
    store.release()
    return str(path)


def test_yaml_with_all_cameras_in_two_files(tmp_path):
    rotation = cv2.Rodrigues(R)[0]
    intri = write_yaml(
        tmp_path / 'intri.yml',
        names=['1', 'b'],
        K_1=K,
        dist_1=DIST[None],
        K_b=K,
        dist_b=DIST[None],
        W_b=1280,
        H_b=720,
    )
    extri = write_yaml(
        tmp_path / 'extri.yml',
        names=['1', 'b'],
        R_1=rotation,
        Rot_1=R,
        T_1=T[:, None],
        R_b=rotation,
        T_b=T[:, None],
    )
    one, two = read_calibration([intri, extri], 'm', {'1': (1280, 720)})
    check(one, '1', [500, -250, 3000])
    check(two, 'b', [500, -250, 3000])
    with pytest.raises(FormatError, match='\'1\', field "width": is missing'):
        read_calibration([intri, extri], 'm')
    with pytest.raises(FormatError, match='intri.yml: camera \'1\', field "R": is missing'):
        read_calibration([intri], 'm', {'1': (1280, 720)})


def test_yaml_with_one_file_for_each_camera(tmp_path):
    values = dict(
        camera_matrix=K,
        distortion_coefficients=DIST[:, None],
        image_width=1280,
        image_height=720,
        R=R,
        T=T,
    )
    paths = [write_yaml(tmp_path / f'{name}.yaml', **values) for name in 'ab']
    one, two = read_calibration(paths, 'm')
    check(one, 'a', [500, -250, 3000])
    check(two, 'b', [500, -250, 3000])
    path = write_yaml(tmp_path / 'c.yaml', **dict(values, R=2 * R))
    with pytest.raises(FormatError, match='\'c\', field "R": is not a rotation'):
        read_calibration([path], 'm')
    (tmp_path / 'd.yaml').write_text('a: [1, 2\n')
    with pytest.raises(FormatError, match='d.yaml: OpenCV cannot read it'):
        read_calibration([str(tmp_path / 'd.yaml')], 'm')


@pytest.mark.parametrize(
    'field, value, problem',
    [
        ('fisheye_model', 1, '"fisheye_model": is 1'),
        ('fisheye', 'true', '"fisheye": is .true'),
        ('camera_model', 'omnidir', '"camera_model": is .omnidir'),
        ('distortion_model', 'equidistant', '"distortion_model": is .equidistant'),
        ('xi', 1.2, '"xi": is 1.2'),
        ('camera_matrix', K / [[1280], [720], [1]], '"K": has the focal lengths .* longer side'),
        ('camera_matrix', K * [[64], [64], [1]], '"K": has the principal point .*far outside'),
        ('camera_matrix', K - [[0, 0, 640], [0, 0, 360], [0, 0, 0]], '"K": .* at a corner'),
        ('image_width', 640, '"K": has the principal point .* far outside|at a corner'),
    ],
)
def test_yaml_of_another_lens_or_unit_is_refused(tmp_path, field, value, problem):
    values = dict(
        camera_matrix=K,
        distortion_coefficients=DIST[:4],
        image_width=1280,
        image_height=720,
        fisheye_model=0,
        R=R,
        T=T,
    )
    path = write_yaml(tmp_path / 'left.yml', **values)
    assert read_calibration([path], 'm')[0]['size'] == (1280, 720)
    values[field] = value
    if field == 'image_width':
        values['image_height'] = 360
    path = write_yaml(tmp_path / 'left.yml', **values)
    with pytest.raises(FormatError, match="left.yml: camera 'left', field " + problem):
        read_calibration([path], 'm')
    assert read_calibration([path], 'm', views=['right']) == [dict(name='left')]


def test_yaml_with_a_distortion_of_another_name_is_refused(tmp_path):
    """It was read as a lens without distortion."""
    values = dict(camera_matrix=K, image_width=1280, image_height=720, R=R, T=T)
    path = write_yaml(tmp_path / 'a.yml', distortion=DIST, **values)
    with pytest.raises(FormatError, match='a.yml: camera \'a\', field "distortion": is not read'):
        read_calibration([path], 'm')


BY_HAND = """%YAML:1.0
---
names: [ 1, 12 ]
K_1: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [ 1000, 0, 640.5, 0, 1010, 360, 0, 0, 1 ]
dist_1: !!opencv-matrix
   rows: 1
   cols: 5
   dt: d
   data: [ -0.3, 0.1, 0, 0, 0 ]
R_1: [ 0.1, -0.4, 0.2 ]
T_1: [ 0.5, -0.25, 3 ]
W_1: 1280
H_1: 720
K_12: [ 1000, 0, 640.5, 0, 1010, 360, 0, 0, 1 ]
R_12: [ 0.1, -0.4, 0.2 ]
T_12: [ 0.5, -0.25, 3 ]
W_12: 1280
H_12: 720
"""


def test_yaml_with_whole_numbers_and_names(tmp_path):
    path = tmp_path / 'cameras.yml'
    path.write_text(BY_HAND)
    one, twelve = read_calibration([str(path)], 'm')
    check(one, '1', [500, -250, 3000], [-0.3, 0.1, 0, 0, 0])
    check(twelve, '12', [500, -250, 3000], [])


@pytest.mark.parametrize(
    'old, new, problem',
    [
        ('cols: 5', 'cols: 4', '"dist_1": has 5 numbers, not 1 x 4'),
        ('   cols: 5\n', '', '"dist_1": has 5 numbers, not 1 x nan'),
        ('0.1, 0, 0, 0 ]', '0.1, 0, 0, a ]', '"dist": .*nan.*, not .* finite numbers'),
        ('R_1: [ 0.1', 'R_1: [ a', '"R": is .nan, .*finite numbers'),
        ('T_1: [ 0.5, -0.25, 3 ]', 'T_1: "a"', '"t": is nan, not 3 finite numbers'),
        ('360, 0, 0, 1 ]', '360, 0, 0, 2 ]', '"K": is not upper triangular'),
        ('640.5, 0, 1010', '640.5, 5, 1010', '"K": is not upper triangular'),
        ('W_1: 1280', 'W_1: 1280\nfisheye_1: 1', '"fisheye": is 1'),
        ('W_1: 1280', 'W_1: 1280\nfisheye: 1', '"fisheye": is 1'),
        ('dist_1:', 'distortion_1:', '"distortion": is not read'),
    ],
)
def test_yaml_faults_are_named(tmp_path, old, new, problem):
    path = tmp_path / 'cameras.yml'
    path.write_text(BY_HAND.replace(old, new, 1))
    with pytest.raises(FormatError, match="cameras.yml: camera '1', field " + problem):
        read_calibration([str(path)], 'm')


def test_yaml_rotations_that_differ_are_refused(tmp_path):
    path = tmp_path / 'cameras.yml'
    same = 'Rot_1: [' + ', '.join(map(str, R.ravel())) + ']\n'
    path.write_text(BY_HAND + same)
    assert np.allclose(read_calibration([str(path)], 'm')[0]['R'], R)
    path.write_text(BY_HAND + 'Rot_1: [ 1., 0., 0., 0., 1., 0., 0., 0., 1. ]\n')
    with pytest.raises(FormatError, match="camera '1', field .R.: is not the rotation of Rot_1"):
        read_calibration([str(path)], 'm')


def test_opencvs_xml_is_named(tmp_path):
    path = write_yaml(tmp_path / 'a.xml', camera_matrix=K)
    with pytest.raises(FormatError, match='a.xml: is of cv2.FileStorage, not of Qualisys'):
        read_calibration([path])


def test_yaml_flags_are_those_of_their_camera(tmp_path):
    path = tmp_path / 'cameras.yml'
    path.write_text(BY_HAND + 'fisheye_12: 1\n')
    one, twelve = read_calibration([str(path)], 'm', views=['1'])
    check(one, '1', [500, -250, 3000], [-0.3, 0.1, 0, 0, 0])
    with pytest.raises(FormatError, match='camera \'12\', field "fisheye"'):
        read_calibration([str(path)], 'm')


def qca(cameras, parts=64, sensor=''):
    """A QCA file of (name, size, K, dist, R, t in mm) in Qualisys' terms."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<calibration><cameras>']
    for name, (w, h), K, (k1, k2, p1, p2, k3), R, t in cameras:
        axes = np.diag([1.0, -1, -1]) @ R  # y up, z backwards
        x, y, z = -R.T @ t
        r = ' '.join(
            f'r{i + 1}{j + 1}="{axes[i, j]!r}"' for i in range(3) for j in range(3)
        ).replace('np.float64', '')
        r = r.replace('(', '').replace(')', '')
        lines.append(
            f'<camera active="1" serial="{name}" model="Miqus Video" viewrotation="0">'
            f'<fov_video left="0" top="0" right="{w - 1}" bottom="{h - 1}"/>'
            f'<transform x="{x}" y="{y}" z="{z}" {r}/><intrinsic {sensor} '
            f'focalLengthU="{parts * K[0][0]}" focalLengthV="{parts * K[1][1]}" '
            f'centerPointU="{parts * K[0][2]}" centerPointV="{parts * K[1][2]}" '
            f'radialDistortion1="{k1}" radialDistortion2="{k2}" '
            f'radialDistortion3="{k3}" tangentalDistortion1="{p1}" '
            f'tangentalDistortion2="{p2}"/></camera>'
        )
    return '\n'.join(lines + ['</cameras></calibration>'])


def test_qca(tmp_path):
    path = tmp_path / 'calib.qca.txt'
    path.write_text(qca([('a', (1280, 720), K, DIST, R, 1000 * T)]))
    (camera,) = read_calibration([str(path)])
    check(camera, 'a', [500, -250, 3000])
    with pytest.raises(FormatError, match='a QCA file is in mm, not m'):
        read_calibration([str(path)], 'm')


@pytest.mark.parametrize('parts', [1, 64])
@pytest.mark.parametrize('sensor', ['', 'sensorMaxU="{}" sensorMaxV="{}"'])
def test_qca_in_pixels_or_their_64ths(tmp_path, parts, sensor):
    """The sensor's size tells, or the principal point where it is missing."""
    path = tmp_path / 'calib.qca.txt'
    sensor = sensor.format(1280 * parts - 1, 720 * parts - 1)
    path.write_text(qca([('a', (1280, 720), K, DIST, R, 1000 * T)], parts, sensor))
    (camera,) = read_calibration([str(path)])
    check(camera, 'a', [500, -250, 3000])


def test_qca_of_a_sensor_on_its_side(tmp_path):
    path = tmp_path / 'calib.qca.txt'
    sensor = 'sensorMaxU="46079" sensorMaxV="81919"'
    path.write_text(qca([('a', (1280, 720), K, DIST, R, 1000 * T)], 64, sensor))
    (camera,) = read_calibration([str(path)])
    check(camera, 'a', [500, -250, 3000])


def test_qca_of_a_part_of_the_sensor(tmp_path):
    path = tmp_path / 'calib.qca.txt'
    text = qca([('a', (1280, 720), K, DIST, R, T)], 64, 'sensorMaxU="81919" sensorMaxV="46079"')
    cut = 'left="400" top="200" right="879" bottom="519"'
    path.write_text(text.replace('left="0" top="0" right="1279" bottom="719"', cut))
    (camera,) = read_calibration([str(path)])
    assert camera['size'] == (480, 320)
    assert np.allclose(camera['K'], K - [[0, 0, 400], [0, 0, 200], [0, 0, 0]])


def test_qca_by_hand(tmp_path):
    """A camera 2 m up that looks along the world's x: right is -y, up is z."""
    text = qca([('a', (640, 480), K, DIST, R, T)])
    start, end = text.index('<transform'), text.index('<intrinsic')
    text = (
        text[:start]
        + (
            '<transform x="0" y="0" z="2000" r11="0" r12="-1" r13="0" r21="0" r22="0" '
            'r23="1" r31="-1" r32="0" r33="0"/>'
        )
        + text[end:]
    )
    text = text.replace(
        'left="0" top="0" right="639" bottom="479"', 'left="40" top="10" right="679" bottom="489"'
    )
    path = tmp_path / 'calib.qca'
    path.write_text(text)
    (camera,) = read_calibration([str(path)])
    # A point 5 m ahead, 1 m to the left (y = 1 m), 1.5 m above the floor.
    local = camera['R'] @ [5000, 1000, 1500] + camera['t']
    assert np.allclose(local, [-1000, 500, 5000])  # left, below, ahead
    assert camera['size'] == (640, 480)
    assert camera['K'][:2, 2].tolist() == [600.5, 350]


@pytest.mark.parametrize(
    'old, new, problem',
    [
        ('<calibration>', '<!DOCTYPE a [<!ENTITY b "c">]><calibration>', 'document type'),
        ('focalLengthU', 'focalLength', '\'a\', field "intrinsic/focalLengthU": is'),
        ('viewrotation="0"', 'viewrotation="90"', 'turned views'),
        ('<intrinsic ', '<intrinsic skew="3.5" ', 'sheared pixels'),
        ('<intrinsic ', '<intrinsic lensType="Fisheye" ', '"lensType": is .Fisheye'),
        ('<intrinsic ', '<fisheye>1</fisheye><intrinsic ', '"fisheye": is .1'),
        ('</calibration>', '', 'is not XML'),
        ('active="1"', 'active="0"', 'holds no camera'),
    ],
)
def test_qca_faults_are_named(tmp_path, old, new, problem):
    text = qca([('a', (1280, 720), K, DIST, R, 1000 * T)])
    path = tmp_path / 'calib.xml'
    path.write_text(text.replace(old, new))
    with pytest.raises(FormatError, match='calib.xml: .*' + problem):
        read_calibration([str(path)])


def test_entities_in_another_encoding_are_refused_too(tmp_path):
    path = tmp_path / 'calib.xml'
    text = (
        qca([])
        .replace('UTF-8', 'UTF-16')
        .replace('<calibration>', '<!DOCTYPE a [<!ENTITY b "c">]><calibration>&b;')
    )
    path.write_bytes(text.encode('utf-16'))
    with pytest.raises(FormatError, match='document type'):
        read_calibration([str(path)])


@pytest.mark.skipif(not osp.isfile(RIG), reason='../shared/data/multiview is absent')
def test_a_real_rig_survives_the_round_trip(tmp_path):
    """Four Qualisys cameras: through QCA and through TOML."""
    rig = np.load(RIG)
    cameras = [
        (
            f'c{i}',
            tuple(rig['image_size'][i]),
            rig['K'][i],
            rig['dist'][i],
            rig['R'][i],
            rig['t'][i],
        )
        for i in range(4)
    ]
    (tmp_path / 'a.qca').write_text(qca(cameras))
    (tmp_path / 'a.toml').write_text(
        '\n'.join(
            f'[{name}]\nsize = {list(map(int, size))}\nmatrix = {K.tolist()}\n'
            f'distortions = {dist.tolist()}\n'
            f'rotation = {cv2.Rodrigues(R)[0].ravel().tolist()}\n'
            f'translation = {(t / 1000).tolist()}'
            for name, size, K, dist, R, t in cameras
        )
    )
    for found in (
        read_calibration([str(tmp_path / 'a.qca')]),
        read_calibration([str(tmp_path / 'a.toml')], 'm'),
    ):
        for camera, (name, size, K, dist, R, t) in zip(found, cameras):
            assert camera['name'] == name and camera['size'] == tuple(size)
            for key, value in (('K', K), ('dist', dist), ('R', R), ('t', t)):
                assert np.allclose(camera[key], value, rtol=1e-6, atol=1e-5), key
