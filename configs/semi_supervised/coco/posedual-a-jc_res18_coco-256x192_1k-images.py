"""PoseDual A+JC, 1,000 labelled images (Yu24, Table 1, DualPose: 44.97 AP)."""
_base_ = './posedual-a-jc_res18_coco-256x192_1k.py'
labels = dict(unit='images', num=1000)
train_dataloader = dict(
    dataset=dict(labeled=dict(labels=labels), unlabeled=dict(labels=labels)))
