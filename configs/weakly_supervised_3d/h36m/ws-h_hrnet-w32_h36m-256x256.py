"""WS, 2D=H+M, MV=H (Table 1): the views have 2D labels too."""
_base_ = './ws_hrnet-w32_h36m-256x256.py'
train_dataloader = dict(dataset=dict(
    labeled=[_base_.mpii, _base_.h36m_rig], allow_overlap=True))
