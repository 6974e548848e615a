"""As 1K, with 5,000 labelled instances (Xie21, Table 1: 54.8 AP)."""
_base_ = './posedual-a_res18_coco-256x192_1k.py'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(labels=dict(num=5000)),
        unlabeled=dict(labels=dict(num=5000))))
