"""PoseDual A, 1,000 labelled images (Yu24, Table 1, DualPose: 41.54 AP)."""
_base_ = './posedual-a_res18_coco-256x192_1k.py'
labels = dict(unit='images', num=1000)
train_dataloader = dict(
    dataset=dict(labeled=dict(labels=labels), unlabeled=dict(labels=labels)))
