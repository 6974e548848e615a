"""Small models and recordings on the disk, for tests."""

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmpose.registry import MODELS

from mmpose_al.prediction.predictions import Skeleton, collected
from tests.helpers import PREPROCESSOR, student

JOINTS = ['nose', 'left_ear', 'right_ear', 'tail']
METAINFO = dict(
    dataset_name='animal',
    paper_info={},
    keypoint_info={
        i: dict(name=name, id=i, color=[0, 0, 0], type='', swap=swap)
        for i, (name, swap) in enumerate(zip(JOINTS, ['', 'right_ear', 'left_ear', '']))
    },
    skeleton_info={0: dict(link=('nose', 'tail'), id=0, color=[0, 0, 0])},
    joint_weights=[1.0] * 4,
    sigmas=[0.05] * 4,
)


def config(students=False):
    """Of a network, or of a PoseDual around two, that take milliseconds."""
    model = student(4)
    if students:
        model = dict(type='PoseDual', students=model, data_preprocessor=PREPROCESSOR)
    else:
        model = dict(model, data_preprocessor=PREPROCESSOR)
    pipeline = [
        dict(type='LoadImage'),
        dict(type='GetBBoxCenterScale'),
        dict(type='TopdownAffine', input_size=(32, 48)),
        dict(type='PackPoseInputs'),
    ]
    dataset = dict(type='CocoDataset', metainfo=METAINFO, pipeline=pipeline)
    return Config(dict(default_scope='mmpose', model=model, test_dataloader=dict(dataset=dataset)))


def trained(folder, students=False, seed=0):
    """A work directory with a config and random weights."""
    torch.manual_seed(seed)
    content = config(students)
    folder.mkdir(parents=True, exist_ok=True)
    content.dump(str(folder / 'tiny.py'))
    torch.save(
        dict(state_dict=MODELS.build(content.model).state_dict()), str(folder / 'iter_9.pth')
    )
    return folder


def write_images(folder, count=5, size=(64, 48), seed=0):
    """Random images 0.png, 1.png, ..."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.RandomState(seed)
    for number in range(count):
        image = random.randint(0, 255, (size[1], size[0], 3), np.uint8)
        cv2.imwrite(str(folder / f'{number}.png'), image)
    return folder


def write_video(path, count=20, size=(64, 48), fps=25.0):
    """A video whose frame n has a bright column at x = 2 n."""
    path.parent.mkdir(parents=True, exist_ok=True)
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), fps, size)
    assert video.isOpened()
    for number in range(count):
        image = np.full((size[1], size[0], 3), 30, np.uint8)
        image[:, 2 * number : 2 * number + 4] = 220
        video.write(image)
    video.release()
    return path


def predictions(persons=1, is_video=True):
    """Three frames by hand: all persons in the first, none in the second, one in the third."""
    skeleton = Skeleton(['nose', 'tail'], [(0, 1)])

    def person(number, shift):
        return dict(
            person=number,
            bbox=[1.0, 2.0, 30.0, 20.0],
            score=0.75,
            keypoints=[[10.25 + shift, 5.5], [20.125 + shift, 8.0]],
            scores=[0.9, 0.4],
        )

    frames = [
        dict(
            frame=0,
            name='v/000000.jpg',
            size=[64, 48],
            persons=[person(n, n) for n in range(persons)],
        ),
        dict(frame=1, name='v/000001.jpg', size=[64, 48], persons=[]),
        dict(frame=2, name='v/000002.jpg', size=[64, 48], persons=[person(persons - 1, 7)]),
    ]
    fps = 20.0 if is_video else None
    return collected('v', 'videos/v.mp4', is_video, fps, skeleton, 'net', frames)
