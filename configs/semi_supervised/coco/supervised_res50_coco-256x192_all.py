"""All labels of train2017, ResNet50 (Xie21, Table 3: 70.9 AP)."""
_base_ = './supervised_res18_coco-256x192_all.py'
model = dict(
    backbone=dict(depth=50, init_cfg=dict(checkpoint='torchvision://resnet50')),
    head=dict(in_channels=2048))
