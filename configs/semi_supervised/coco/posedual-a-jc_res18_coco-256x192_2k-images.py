"""PoseDual A+JC, 2,000 labelled images (Yu24, Table 1, DualPose: 48.67 AP)."""
_base_ = './posedual-a-jc_res18_coco-256x192_1k.py'
labels = dict(unit='images', num=2000)
train_dataloader = dict(
    dataset=dict(labeled=dict(labels=labels), unlabeled=dict(labels=labels)))
