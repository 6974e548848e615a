"""PoseDual A+JC, train2017, unlabelled COCO and AI Challenger, ResNet101."""
_base_ = './posedual-a-jc_res50_coco-aic-256x192_all.py'
model = dict(
    students=dict(
        backbone=dict(depth=101, init_cfg=dict(checkpoint='torchvision://resnet101'))))
