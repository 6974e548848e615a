"""Semi-supervised with more views (Tables 2, 3, "Ours - H+I+Q")."""
_base_ = './ss_hrnet-w32_h36m-256x256.py'
train_dataloader = dict(dataset=dict(
    unlabeled=[dict(subjects=['S5', 'S6', 'S7', 'S8'], **_base_.h36m_rig),
               _base_.dhp_rig, _base_.mannequin]))
