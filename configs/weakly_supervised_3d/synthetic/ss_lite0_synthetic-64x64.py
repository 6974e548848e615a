"""SS: as WS, and one of sixteen people has 2D and 3D labels in all cameras."""
_base_ = './ws_lite0_synthetic-64x64.py'
subject = ['train_00']
others = [f'train_{number:02d}' for number in range(1, 16)]
train_dataloader = dict(dataset=dict(
    labeled=[_base_.labels_2d, dict(subjects=subject, **_base_.labels_3d)],
    unlabeled=dict(subjects=others)))
