"""FS (Tables 1, 2): 2D labels of H36M and MPII, 3D labels of H36M."""
_base_ = './pretrain_hrnet-w32_h36m-256x256.py'
model = dict(init_cfg=dict(
    type='Pretrained',
    checkpoint='work_dirs/pretrain_hrnet-w32_h36m-256x256/iter_60000.pth'))
train_dataloader = dict(
    batch_size=256,
    dataset=dict(labeled=[_base_.mpii, _base_.h36m_train]))
