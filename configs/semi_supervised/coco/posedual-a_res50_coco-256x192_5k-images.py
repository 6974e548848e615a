"""PoseDual A, 5,000 labelled images (Yu24, Table 1, DualPose: 58.39 AP)."""
_base_ = './posedual-a_res18_coco-256x192_1k.py'
model = dict(
    students=dict(
        backbone=dict(depth=50, init_cfg=dict(checkpoint='torchvision://resnet50')),
        head=dict(in_channels=2048)))
labels = dict(unit='images', num=5000)
train_dataloader = dict(
    dataset=dict(labeled=dict(labels=labels), unlabeled=dict(labels=labels)))
