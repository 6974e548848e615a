"""PoseDual A+JC, 10,000 labelled instances, two ResNet152."""
_base_ = './posedual-a-jc_res18_coco-256x192_10k.py'
model = dict(
    students=dict(
        backbone=dict(depth=152, init_cfg=dict(checkpoint='torchvision://resnet152')),
        head=dict(in_channels=2048)))
