"""WS, 2D=M, MV=H+I+Q (Tables 1, 2, 3)."""
_base_ = './ws_hrnet-w32_h36m-256x256.py'
train_dataloader = dict(dataset=dict(
    unlabeled=[_base_.h36m_rig, _base_.dhp_rig, _base_.mannequin]))
