"""WS: 2D labels of people, unlabelled views of the rig (Iqbal20, Eq. 7).

With losses that the paper does not have; ``ws-paper_*`` is without them.
"""
_base_ = './2d-only_lite0_synthetic-64x64.py'
model = dict(
    _delete_=True,
    type='WeaklySupervisedPose3D',
    backbone=dict(),
    network=_base_.model,
    num_views=4,
    multi_view=dict(loss_weight=1.5, apparent_size=True, distance='euclidean'),
    limbs=dict(limbs=_base_.limbs, mean_lengths=_base_.unit_lengths,
               loss_weight=1.0),
    handedness=dict(triples=_base_.triples, loss_weight=5.0),
    range_weight=1.0)
train_dataloader = dict(
    batch_size=32,
    dataset=dict(unlabeled=_base_.rig),
    sampler=dict(type='LabeledGroupSampler', num_groups=4, num_views=4))
