"""All labels of train2017, ResNet152 (Xie21, Table 3: 73.2 AP)."""
_base_ = './supervised_res18_coco-256x192_all.py'
model = dict(
    backbone=dict(depth=152, init_cfg=dict(checkpoint='torchvision://resnet152')),
    head=dict(in_channels=2048))
