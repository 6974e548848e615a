"""All labels of train2017 (Xie21, Table 1: 67.1 AP)."""
_base_ = [
    '../../_base_/models/res18_heatmap.py',
    '../../_base_/datasets/coco_additional_256x192.py',
    '../../_base_/schedules/full_label_epochs.py'
]
model = dict(head=dict(decoder=_base_.codec))
default_hooks = dict(checkpoint=dict(save_best='coco/AP', rule='greater'))
