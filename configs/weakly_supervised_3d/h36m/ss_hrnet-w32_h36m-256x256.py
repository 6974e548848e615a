"""Semi-supervised (Table 2, "Ours - H"): 3D labels of S1 alone,
the others are views."""
_base_ = './ws_hrnet-w32_h36m-256x256.py'
train_dataloader = dict(dataset=dict(
    labeled=[_base_.mpii, dict(subjects=['S1'], **_base_.h36m_train)],
    unlabeled=[dict(subjects=['S5', 'S6', 'S7', 'S8'], **_base_.h36m_rig)]))
