"""CMU Panoptic: real files, its splits and their faults."""

import numpy as np
import pytest

from mmpose_al.converters import panoptic
from mmpose_al.datasets.format import FormatError
from tests.test_converters.files import crumb, real, reprojections, run


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


def test_sections_of_the_authors_code():
    """Every 25th frame of each section, from its first."""
    some = panoptic.Sections(((100, 160), (200, 230)))
    assert some.choose(range(90, 300)) == [100, 125, 150, 200, 225]
    assert some.choose([99, 125, 126, 230]) == [125]  # 230 is behind the last
    sequences = [name for part in panoptic.FENG23_SECTIONS.values() for name in part]
    assert len(set(sequences)) == len(sequences) == 9
    count = {
        part: sum(len(s.choose(range(40000))) for s in named.values())
        for part, named in panoptic.FENG23_SECTIONS.items()
    }
    # The paper has 5,008 for training: three have no box in one of the views.
    assert count == dict(train=5011, val=892, test=771)
    for named in panoptic.FENG23_SECTIONS.values():
        for each in named.values():
            bounds = [bound for pair in each.ranges for bound in pair]
            assert bounds == sorted(bounds) and len(each.ranges) >= 1
    cameras = panoptic.FENG23_CAMERAS
    assert len(cameras['train']) == 8 and set(cameras['train']) < set(cameras['test'])
    assert len(cameras['test']) == 30 and '00_21' not in cameras['test']


@real
def test_only_frames_of_the_sections(tmp_path):
    root = crumb('panoptic_body3d')
    sections = {'160906_band1': panoptic.Sections(((119, 200),), 25)}
    tasks = panoptic.make_tasks(root, ['160906_band1'], ['00_03'], sections=sections)
    data = run(tasks, panoptic.METAINFO, tmp_path / 'out.json')
    assert [f['source_frame'] for f in data['frames']] == [169]


def test_panoptic_faults_are_named(tmp_path):
    path = tmp_path / 'body3DScene_00000001.json'
    path.write_text('{"bodies": [{"id": 0, "joints19": [1, 2, 3]}]}')
    with pytest.raises(FormatError, match=r'bodies\[0\], field "joints19": has 3'):
        panoptic.read_bodies(str(path), 0.1)
    path.write_text('{"bodies": [')
    with pytest.raises(FormatError, match='00000001.json: is not JSON'):
        panoptic.read_bodies(str(path), 0.1)
