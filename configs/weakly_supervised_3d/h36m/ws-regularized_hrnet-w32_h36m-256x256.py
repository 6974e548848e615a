"""WS with fixed pseudo-labels of the pre-trained network (Iqbal20, Sec. 3.3).

    python tools/pseudo_labels.py --data h36m_rig \
        --out data/h36m/annotations/h36m_multiview_train_pseudo.json \
        configs/weakly_supervised_3d/h36m/pretrain_hrnet-w32_h36m-256x256.py \
        work_dirs/pretrain_hrnet-w32_h36m-256x256/iter_60000.pth
"""
_base_ = './ws_hrnet-w32_h36m-256x256.py'
model = dict(regularize=True)
train_dataloader = dict(dataset=dict(unlabeled=[dict(
    need_keypoints=False,
    **dict(_base_.h36m_rig,
           ann_file='annotations/h36m_multiview_train_pseudo.json'))]))
