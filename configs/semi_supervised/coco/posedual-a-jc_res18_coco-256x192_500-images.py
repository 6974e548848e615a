"""PoseDual A+JC, 500 labelled images (Yu24, Table 1, DualPose: 36.89 AP)."""
_base_ = './posedual-a-jc_res18_coco-256x192_1k.py'
labels = dict(unit='images', num=500)
train_dataloader = dict(
    dataset=dict(labeled=dict(labels=labels), unlabeled=dict(labels=labels)))
