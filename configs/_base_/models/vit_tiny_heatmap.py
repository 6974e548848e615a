"""ViT-Tiny of timm at stride 16, ImageNet weights, with the head of Lite0, for 64x64.

timm downloads the weights. ``backbone.weights`` names a file on the disk in their place.
A config that inherits from this gives the head its ``out_channels`` and ``decoder``.
"""
_base_ = './lite0_heatmap.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='TimmBackbone',
        name='vit_tiny_patch16_224',
        img_size=(64, 64),
        pretrained=True),
    head=dict(in_channels=192))
