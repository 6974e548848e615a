"""PoseDual of a network with heatmaps and one with RTMPose's head: 50 labels, 7,950 without.

Each encodes the labels itself, from the joints that ``pack_transformed`` keeps.
"""
_base_ = ['./posedual-a_lite0_lspet-64x64_50.py', '../../_base_/models/simcc_64x64.py']
heatmaps = _base_.model.students
model = dict(
    _delete_=True,
    type='PoseDual',
    backbone=dict(),
    students=[heatmaps, dict(heatmaps, head=dict(_base_.simcc_head, out_channels=14))])
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(step, **dict(PackPoseInputs=dict(pack_transformed=True)).get(step.type, {}))
            for step in _base_.train_pipeline]))
