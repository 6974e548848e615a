"""1,000 labelled person instances alone (Xie21, Table 1: 31.5 AP)."""
_base_ = [
    '../../_base_/models/res18_heatmap.py',
    '../../_base_/datasets/coco_semi_256x192.py',
    '../../_base_/schedules/xie21_epochs.py'
]
model = dict(head=dict(decoder=_base_.codec))
default_hooks = dict(checkpoint=dict(save_best='coco/AP', rule='greater'))
