"""Yu24's targets teach the hard paths of MultiAugs, 10,000 labels (unpublished)."""
_base_ = './multipath-dual_res18_coco-256x192_10k.py'
model = dict(
    type='DenoisedPoseDual',
    consistency=dict(loss_weight=0.5),  # two paths together weigh what one would
    hard_view=dict(rotation=60, scale=(0.5, 1.5), beta=(0.75, 0.75)),
    hard_paths=[
        [dict(type='JointCutOcclude'), dict(type='RandomCutout')],
        [dict(type='JointCutout'), dict(type='RandomCutMix')],
    ])
