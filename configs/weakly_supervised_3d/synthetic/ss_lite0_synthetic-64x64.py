"""SS: as WS, and one of sixteen people has 2D and 3D labels in all cameras.

The person's images come sixteen times, so that they are as many of a batch as the rig's in FS.
"""
_base_ = './ws_lite0_synthetic-64x64.py'
labeled_person = dict(subjects=['train_00'], **_base_.labels_3d)
others = [f'train_{number:02d}' for number in range(1, 16)]
train_dataloader = dict(dataset=dict(
    labeled=[_base_.labels_2d] + 16 * [labeled_person],
    unlabeled=dict(subjects=others)))
