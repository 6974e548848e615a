"""50 labels alone, with RTMPose's head in place of heatmaps."""
_base_ = [
    '../../_base_/models/lite0_simcc.py', '../../_base_/datasets/lspet.py',
    '../../_base_/schedules/iterations_cpu.py'
]
codec = _base_.simcc
model = dict(head=dict(out_channels=14))
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(step, **dict(GenerateTarget=dict(encoder=codec)).get(step.type, {}))
            for step in _base_.train_pipeline]))
custom_hooks = _base_.custom_hooks + [dict(type='ChannelsLastHook')]
