"""MannequinChallenge: one moment, many views, tracklets."""

import json

import numpy as np
import pytest

from mmpose_al.converters import mannequin
from mmpose_al.converters.common import category_of, convert
from mmpose_al.datasets.format import FormatError, load_multiview
from tests.test_converters.files import JOINTS, REQUIRED, by_opencv, mannequin_files


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
