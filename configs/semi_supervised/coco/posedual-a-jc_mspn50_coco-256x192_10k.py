"""PoseDual A+JC of two multi-stage networks, MSPN-50 (Xie21, Table 4).

All units of a stage learn from the labels; the last one teaches and is taught.
"""
_base_ = './posedual-a-jc_res18_coco-256x192_10k.py'
codec = [
    dict(type='MegviiHeatmap', input_size=_base_.input_size, heatmap_size=(48, 64),
         kernel_size=kernel_size) for kernel_size in (11, 9, 7, 5)
]
model = dict(
    students=dict(
        backbone=dict(
            _delete_=True,
            type='MSPN',
            unit_channels=256,
            num_stages=1,
            num_units=4,
            num_blocks=[3, 4, 6, 3],
            norm_cfg=dict(type='BN'),
            init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
        head=dict(
            _delete_=True,
            type='MSPNHead',
            out_shape=(64, 48),
            unit_channels=256,
            out_channels=17,
            num_stages=1,
            num_units=4,
            norm_cfg=dict(type='BN'),
            level_indices=[0, 1, 2, 3],
            loss=3 * [
                dict(type='KeypointMSELoss', use_target_weight=True, loss_weight=0.25)
            ] + [dict(type='KeypointOHKMMSELoss', use_target_weight=True)],
            decoder=codec[-1])))
train_dataloader = dict(
    dataset=dict(
        pipeline=_base_.train_pipeline[:-2] + [
            dict(type='GenerateTarget', multilevel=True, encoder=codec),
            dict(type='PackPoseInputs')
        ]))
