"""WS, 2D=M, MV=H (Tables 1, 2): 128 labelled images and 32 groups of 4 views.

With what the paper does not have (docs/studies/weakly_supervised_3d.md): apparent sizes,
Euclidean distances (two thirds of sums of coordinates, so 15 for the paper's 10),
handedness, the range of depths, and clipped gradients; ``ws-paper_*`` is without them.
"""
_base_ = './pretrain_hrnet-w32_h36m-256x256.py'
model = dict(
    _delete_=True,
    type='WeaklySupervisedPose3D',
    backbone=dict(),
    network=dict(_base_.model, init_cfg=dict(
        type='Pretrained',
        checkpoint='work_dirs/pretrain_hrnet-w32_h36m-256x256/iter_60000.pth')),
    num_views=4,
    multi_view=dict(loss_weight=15.0, apparent_size=True, distance='euclidean'),
    limbs=dict(limbs=_base_.limbs, mean_lengths=_base_.unit_lengths,
               loss_weight=100.0),
    handedness=dict(triples=_base_.triples, loss_weight=100.0),
    range_weight=10.0)
train_dataloader = dict(
    batch_size=256,
    dataset=dict(unlabeled=[_base_.h36m_rig]),
    sampler=dict(type='LabeledGroupSampler', num_groups=32,
                 num_views=4))
# Ten times that of the synthetic configs, as the weights are; not tried on these data.
optim_wrapper = dict(clip_grad=dict(max_norm=50.0))
