"""PoseResNet-50: SimpleBaseline on ResNet50, ImageNet weights."""
_base_ = './res18_heatmap.py'
model = dict(
    backbone=dict(depth=50, init_cfg=dict(checkpoint='torchvision://resnet50')),
    head=dict(in_channels=2048))
