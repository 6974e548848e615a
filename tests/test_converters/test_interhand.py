"""InterHand2.6M: real files, their faults, and cameras far apart."""

import json

import numpy as np
import pytest

from mmpose_al.converters import interhand
from mmpose_al.datasets.format import FormatError
from tests.test_converters.files import INTERHAND, crumb, real, reprojections, run


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
