"""FS with more views (Table 2, "Ours - H+I+Q"): 3D labels of H36M, MV=I+Q."""
_base_ = './ws-iq_hrnet-w32_h36m-256x256.py'
train_dataloader = dict(dataset=dict(labeled=[_base_.mpii, _base_.h36m_train]))
