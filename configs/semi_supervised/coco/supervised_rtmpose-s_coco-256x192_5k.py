"""As 1K, with 5,000 labelled instances."""
_base_ = './supervised_rtmpose-s_coco-256x192_1k.py'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(labels=dict(num=5000))))
