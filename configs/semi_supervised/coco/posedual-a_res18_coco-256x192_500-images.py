"""PoseDual A, 500 labelled images (Yu24, Table 1, DualPose: 32.16 AP)."""
_base_ = './posedual-a_res18_coco-256x192_1k.py'
labels = dict(unit='images', num=500)
train_dataloader = dict(
    dataset=dict(labeled=dict(labels=labels), unlabeled=dict(labels=labels)))
