"""All labels of train2017, ResNet101 (Xie21, Table 3: 72.5 AP)."""
_base_ = './supervised_res18_coco-256x192_all.py'
model = dict(
    backbone=dict(depth=101, init_cfg=dict(checkpoint='torchvision://resnet101')),
    head=dict(in_channels=2048))
