"""Real files of releases, where ../shared/data has them, and small ones in their form."""

import json
import os
import os.path as osp

import cv2
import numpy as np
import pytest

from mmpose_al.converters import mannequin
from mmpose_al.converters.common import category_of, convert
from mmpose_al.datasets.format import load_multiview
from tests import ROOT

CRUMBS = osp.join(ROOT, '..', 'shared', 'data', 'crumbs')
real = pytest.mark.skipif(not osp.isdir(CRUMBS), reason='../shared/data/crumbs is absent')


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


def real_metainfo(path):
    import mmpose

    return osp.join(osp.dirname(mmpose.__file__), '.mim', path)


INTERHAND = [
    ('interhand2.6m', f'test_interhand2.6m_{kind}.json') for kind in ('data', 'camera', 'joint_3d')
]
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
