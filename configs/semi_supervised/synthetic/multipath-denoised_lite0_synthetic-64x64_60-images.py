"""Yu24's targets teach the hard paths of MultiAugs (unpublished)."""
_base_ = './denoised-a_lite0_synthetic-64x64_60-images.py'
model = dict(
    consistency=dict(loss_weight=0.5),  # two paths together weigh what one would
    hard_paths=[
        [dict(type='JointCutOcclude'), dict(type='RandomCutout')],
        [dict(type='JointCutout'), dict(type='RandomCutMix')],
    ])
