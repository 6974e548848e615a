"""A data set of eight pictures and an MMPose config that trains on it in a second."""

import json

import cv2
import numpy as np

NUM_IMAGES = 8


def write_data(folder):
    """Write ``images/`` and ``train.json`` (COCO, 17 joints) into ``folder``."""
    (folder / 'images').mkdir(parents=True)
    random = np.random.RandomState(0)
    images, annotations = [], []
    for index in range(NUM_IMAGES):
        name = f'{index}.png'
        pixels = random.randint(0, 255, (64, 48, 3)).astype(np.uint8)
        cv2.imwrite(str(folder / 'images' / name), pixels)
        points = np.full((17, 3), 2.0)  # all visible
        points[:, :2] = random.uniform(4, 44, (17, 2))
        images.append(dict(id=index, file_name=name, width=48, height=64))
        annotations.append(
            dict(
                id=index,
                image_id=index,
                category_id=1,
                bbox=[2, 2, 44, 60],
                area=2640,
                iscrowd=0,
                num_keypoints=17,
                keypoints=points.ravel().tolist(),
            )
        )
    categories = [dict(id=1, name='person')]
    with open(folder / 'train.json', 'w') as file:
        json.dump(dict(images=images, annotations=annotations, categories=categories), file)


CONFIG = """
default_scope = 'mmpose'
codec = dict(type='MSRAHeatmap', input_size=(96, 128), heatmap_size=(3, 4), sigma=1)
model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(type='PoseDataPreprocessor', mean=[127.0] * 3,
                           std=[60.0] * 3),
    backbone=dict(type='ResNet', depth=18, norm_eval=True),
    head=dict(type='HeatmapHead', in_channels=512, out_channels=17,
              deconv_out_channels=None,
              loss=dict(type='KeypointMSELoss'), decoder=codec))
dataset = dict(
    type='CocoDataset', data_root={data!r}, ann_file='train.json',
    data_prefix=dict(img='images/'), pipeline=[
        dict(type='LoadImage'), dict(type='GetBBoxCenterScale'),
        dict(type='TopdownAffine', input_size=codec['input_size']),
        dict(type='GenerateTarget', encoder=codec), dict(type='PackPoseInputs')])
train_dataloader = dict(
    batch_size=2, num_workers=0, dataset=dataset,
    sampler=dict(type='DefaultSampler', shuffle=False))
train_cfg = dict(type='IterBasedTrainLoop', max_iters=2)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01))
randomness = dict(seed=0)
default_hooks = dict(
    logger=dict(type='LoggerHook', interval=1),
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=2))
log_processor = dict(by_epoch=False)
"""


def write_config(folder, extra=''):
    """Write the data and a config into ``folder``; returns the config's path."""
    write_data(folder / 'data')
    path = folder / 'tiny.py'
    text = CONFIG.replace('{data!r}', repr(str(folder / 'data') + '/'))
    path.write_text(text + extra)
    return path
