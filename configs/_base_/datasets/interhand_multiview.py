"""InterHand2.6M, 5 fps, as `interhand2multiview.py` leaves it: 42 joints of both hands.

Feng23, Sec. 5.1: 10/1/1 captures; 16 cameras that are far from one another for training
and validation, 32 for test. The paper does not name them, nor the input size.
"""
_base_ = './panoptic_multiview.py'
data_root = 'data/interhand/'
metainfo = dict(from_file='configs/_base_/datasets/interhand3d.py')
images = dict(img='images/train/')  # all captures are of the release's training part
train_dataloader = dict(dataset=dict(
    labeled=dict(data_root=data_root, ann_file='train.json', data_prefix=images,
                 metainfo=metainfo),
    metainfo=metainfo))
val_dataloader = dict(dataset=dict(
    data_root=data_root, ann_file='test.json', data_prefix=images, metainfo=metainfo))
test_dataloader = val_dataloader
train_set = dict(data_root=data_root, ann_file='train.json', data_prefix=images,
                 metainfo=metainfo)
# Images are 334x512, a third of Panoptic's in size: 20 pixels there are 7 here.
val_evaluator = [
    dict(type='MKPE', threshold=7.0),
    dict(type='JointPCK', thr=0.1, norm='bbox')
]
test_evaluator = val_evaluator
del images
