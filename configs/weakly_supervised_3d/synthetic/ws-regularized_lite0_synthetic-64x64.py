"""WS with fixed pseudo-labels of the pre-trained network (Iqbal20, Sec. 3.3).

They are written once, before the training:

    python tools/pseudo_labels.py --data rig --out work_dirs/pseudo_labels.json \
        configs/weakly_supervised_3d/synthetic/pretrain_lite0_synthetic-64x64.py \
        work_dirs/pretrain_lite0_synthetic-64x64/iter_1500.pth
"""
_base_ = './ws_lite0_synthetic-64x64.py'
model = dict(regularize=True)
train_dataloader = dict(dataset=dict(unlabeled=dict(
    data_root='', ann_file='work_dirs/pseudo_labels.json', need_keypoints=False,
    data_prefix=dict(img=_base_.data_root + 'images/'))))
