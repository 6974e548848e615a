"""FS: 2D labels of people and rig, 3D labels of the rig (Iqbal20, Eq. 6)."""
_base_ = './2d-only_lite0_synthetic-64x64.py'
train_dataloader = dict(
    batch_size=32,
    dataset=dict(labeled=[_base_.labels_2d, _base_.labels_3d]))
