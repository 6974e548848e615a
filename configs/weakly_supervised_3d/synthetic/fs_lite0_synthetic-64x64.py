"""FS: 2D and 3D labels of every image (Iqbal20, Eq. 6)."""
_base_ = './2d-only_lite0_synthetic-64x64.py'
train_dataloader = dict(
    batch_size=32,
    dataset=dict(labeled=dict(_delete_=True, **_base_.labels_3d)),
    sampler=dict(batch_size=32))
