"""50 labels alone, with a ViT of timm. Nobody has trained it here, nor chosen its rate.

Weights on the disk: ``--cfg-options model.backbone.weights=FILE.safetensors``.
"""
_base_ = [
    '../../_base_/models/vit_tiny_heatmap.py', '../../_base_/datasets/lspet.py',
    '../../_base_/schedules/iterations_cpu.py'
]
model = dict(head=dict(out_channels=14, decoder=_base_.codec))
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=2e-4, weight_decay=0.05))
