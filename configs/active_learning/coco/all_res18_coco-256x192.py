"""COCO keypoints: every image of train2017 labelled, with the schedule of a round."""
_base_ = [
    '../../_base_/models/res18_heatmap.py',
    '../../_base_/datasets/coco_semi_256x192.py',
    '../../_base_/schedules/feng23_rounds.py'
]
model = dict(head=dict(decoder=_base_.codec))
train_dataloader = dict(dataset=dict(labeled=dict(subset=None, labels=None)))
