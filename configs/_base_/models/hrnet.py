"""HRNet-W32 and W48 with ImageNet weights, as MMPose has them: backbones.

A config that inherits from this takes one, with
``head=dict(in_channels=32 or 48, deconv_out_channels=None)``.
"""
weights = 'https://download.openmmlab.com/mmpose/pretrain_models/'
hrnet_w32 = dict(
    type='HRNet',
    in_channels=3,
    extra=dict(
        stage1=dict(num_modules=1, num_branches=1, block='BOTTLENECK',
                    num_blocks=(4, ), num_channels=(64, )),
        stage2=dict(num_modules=1, num_branches=2, block='BASIC',
                    num_blocks=(4, 4), num_channels=(32, 64)),
        stage3=dict(num_modules=4, num_branches=3, block='BASIC',
                    num_blocks=(4, 4, 4), num_channels=(32, 64, 128)),
        stage4=dict(num_modules=3, num_branches=4, block='BASIC',
                    num_blocks=(4, 4, 4, 4), num_channels=(32, 64, 128, 256))),
    init_cfg=dict(type='Pretrained', checkpoint=weights + 'hrnet_w32-36af842e.pth'))
hrnet_w48 = dict(
    type='HRNet',
    in_channels=3,
    extra=dict(
        stage1=dict(num_modules=1, num_branches=1, block='BOTTLENECK',
                    num_blocks=(4, ), num_channels=(64, )),
        stage2=dict(num_modules=1, num_branches=2, block='BASIC',
                    num_blocks=(4, 4), num_channels=(48, 96)),
        stage3=dict(num_modules=4, num_branches=3, block='BASIC',
                    num_blocks=(4, 4, 4), num_channels=(48, 96, 192)),
        stage4=dict(num_modules=3, num_branches=4, block='BASIC',
                    num_blocks=(4, 4, 4, 4), num_channels=(48, 96, 192, 384))),
    init_cfg=dict(type='Pretrained', checkpoint=weights + 'hrnet_w48-8ef0771d.pth'))
