"""A small multi-view file for the tests of this folder."""

import hashlib
import json

import pytest

JOINTS = ['a', 'b', 'c']
META = dict(
    dataset_name='three',
    keypoint_info={
        i: dict(name=name, id=i, color=[0, 0, 0], type='', swap='') for i, name in enumerate(JOINTS)
    },
    skeleton_info={},
    joint_weights=[1.0] * 3,
    sigmas=[0.05] * 3,
)


def multiview_data() -> dict:
    """2 frames x 2 cameras, 2 persons in frame 10, 1 in frame 11."""
    camera = dict(
        width=40,
        height=30,
        K=[[50, 0, 20], [0, 50, 15], [0, 0, 1]],
        dist=[],
        R=[[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        t=[0, 0, 2000],
    )
    data = dict(
        info=dict(format='mmpose_al-multiview', version=1, world_unit='mm'),
        categories=[dict(id=1, name='person', keypoints=JOINTS, skeleton=[])],
        cameras=[
            dict(camera, id=1, name='left'),
            dict(camera, id=2, name='right', dist=[0.1, 0, 0, 0, 0]),
        ],
        frames=[
            dict(id=10, sequence='s', index=0, time=0.0, subject=None, action=None),
            dict(id=11, sequence='s', index=1, time=None, subject='x', action='walk'),
        ],
        images=[],
        annotations=[],
        poses_3d=[],
    )
    for frame in (10, 11):
        for cam in (1, 2):
            image = 10 * frame + cam
            data['images'].append(
                dict(
                    id=image,
                    file_name=f'{image}.png',
                    width=40,
                    height=30,
                    frame_id=frame,
                    camera_id=cam,
                )
            )
            for person in range(2 if frame == 10 else 1):
                data['annotations'].append(
                    dict(
                        id=10 * image + person,
                        image_id=image,
                        category_id=1,
                        person_id=person,
                        bbox=[5, 5, 20, 15],
                        area=300,
                        iscrowd=0,
                        num_keypoints=2,
                        keypoints=[10, 10, 2, 20, 15, 1, 0, 0, 0],
                    )
                )
        data['poses_3d'].append(
            dict(
                frame_id=frame, person_id=0, keypoints_3d=[[0, 0, 0, 1], [1, 2, 3, 1], [0, 0, 0, 0]]
            )
        )
    return data


@pytest.fixture
def write(tmp_path):
    def write(data, name='ann.json'):
        path = tmp_path / name
        path.write_text(json.dumps(data))
        return str(path)

    return write


def write_split(write, ann_file, unit, labeled, **kwargs):
    with open(ann_file, 'rb') as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return write(
        dict(
            dict(
                format='mmpose_al-split',
                version=1,
                source='ann.json',
                sha256=digest,
                unit=unit,
                mode='random',
                seed=0,
                labeled=labeled,
            ),
            **kwargs,
        ),
        f'split_{unit}.json',
    )


def ids(dataset):
    return [dataset.get_data_info(i)['id'] for i in range(len(dataset))]
