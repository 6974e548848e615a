"""PoseDual A+JC, 10,000 labelled images (Yu24, Table 1, DualPose: 64.25 AP)."""
_base_ = './posedual-a-jc_res50_coco-256x192_5k-images.py'
labels = dict(unit='images', num=10000)
train_dataloader = dict(
    dataset=dict(labeled=dict(labels=labels), unlabeled=dict(labels=labels)))
