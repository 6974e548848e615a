"""As 1K, with 20,000 labelled instances (Xie21, Sec. 6.1)."""
_base_ = './posecons-a-jc_res18_coco-256x192_1k.py'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(labels=dict(num=20000)),
        unlabeled=dict(labels=dict(num=20000))))
