"""A pool with poses, and experiments on it as a training leaves them."""

import json

import cv2
import numpy as np

from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.state import new_state
from mmpose_al.active_learning.statistics import save_views
from tests.test_active_learning.rig import NUM_VIEWS, make_views, ring

FRAMES = 12
EVIL = '<script>alert("no")</script>'


def write_pool(folder, cameras=True):
    """A pool of 12 frames of one person, 4 views each, and its predictions."""
    views, points = make_views(FRAMES, noise=np.linspace(0.5, 6, FRAMES), seed=1)
    exact, _ = make_views(FRAMES, noise=0.0, seed=1)
    K, R, t = ring()
    data = dict(
        info=dict(format='mmpose_al-multiview', version=1, world_unit='mm'),
        categories=[
            dict(
                id=1,
                name='person',
                supercategory='person',
                keypoints=['left_hip', 'right_hip', 'a', 'b', 'c'],
                skeleton=[[1, 2], [1, 3], [3, 4], [4, 5]],
            )
        ],
        cameras=[
            dict(
                id=i,
                name=EVIL if i == 0 else f'cam{i}',
                width=640,
                height=480,
                K=K[i].tolist(),
                dist=[],
                R=R[i].tolist(),
                t=t[i].tolist(),
            )
            for i in range(NUM_VIEWS)
        ],
        frames=[dict(id=10 * i, sequence='s', index=i) for i in range(FRAMES)],
        images=[],
        annotations=[],
        poses_3d=[
            dict(frame_id=10 * i, person_id=0, keypoints_3d=[[*p, 1] for p in points[i].tolist()])
            for i in range(FRAMES)
        ],
    )
    cv2.imwrite(str(folder / 'picture.png'), np.full((480, 640, 3), 90, np.uint8))
    for row, number in enumerate(exact.id.tolist()):
        xy = exact.keypoints[row]
        seen = (xy >= 0).all(1) & (xy <= [639, 479]).all(1)
        data['images'].append(
            dict(
                id=number,
                file_name='picture.png',
                width=640,
                height=480,
                frame_id=int(exact.unit[row]),
                camera_id=int(exact.camera_id[row]),
            )
        )
        data['annotations'].append(
            dict(
                id=number,
                image_id=number,
                category_id=1,
                bbox=[200, 100, 240, 280],
                area=67200,
                iscrowd=0,
                person_id=0,
                num_keypoints=int(seen.sum()),
                keypoints=np.concatenate([xy * seen[:, None], 2.0 * seen[:, None]], 1)
                .ravel()
                .tolist(),
            )
        )
    if not cameras:
        del data['cameras'], data['frames'], data['poses_3d'], data['info']
        for image in data['images']:
            del image['frame_id'], image['camera_id']
    path = str(folder / 'pool.json')
    with open(path, 'w') as file:
        json.dump(data, file)
    return path, views


def write_experiment(
    folder, pool_file, views, seed=0, values=(60.0, 45.0, 30.0), finished='3 rounds are done'
):
    """The folder that an experiment of three rounds leaves; 3, 5, 7 labels of 12."""
    folder.mkdir(parents=True)
    state = new_state(str(folder), load_pool(pool_file, 'frames'), 'digest', seed)
    picks = [[0, 50, 110], [100, 90], [80, 20]]
    for number, value in enumerate(values):
        state.add_labels(number, picks[number], 'test')
        state.finish(number, 'annotate', dict(labels=3 + 2 * number, views=0, joints=0))
        state.finish(
            number,
            'train',
            dict(
                metrics={
                    'multiview/MKPE': value,
                    'multiview/failed': 0.5,
                    'multiview/residual/cam1/x': 9.0,
                }
            ),
        )
        if number < 2:
            (folder / f'round_{number:02d}').mkdir()
            save_views(views, str(folder / f'round_{number:02d}' / 'scores.npz'))
            state.finish(number, 'score', dict(file=f'round_{number:02d}/scores.npz', views=48))
            state.finish(
                number, 'select', dict(strategy=EVIL, ids=picks[number + 1], utilities=[1e300, 2.5])
            )
            state.finish(number, 'pseudo', dict(ids=[30], mkpe=1.25 + number))
    state.content['finished'] = finished
    state.write()
    return str(folder)
