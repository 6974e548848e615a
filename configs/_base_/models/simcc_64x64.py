"""RTMPose's head for 64x64 on features of stride 16.

σ is the square root of an eighth of the input's side, as in RTMPose.
"""
simcc = dict(
    type='SimCCLabel',
    input_size=(64, 64),
    sigma=(2.83, 2.83),
    simcc_split_ratio=2.0,
    normalize=False,
    use_dark=False)
simcc_head = dict(
    type='RTMCCHead',
    in_channels=112,
    out_channels=17,
    input_size=(64, 64),
    in_featuremap_size=(4, 4),
    simcc_split_ratio=2.0,
    final_layer_kernel_size=3,
    gau_cfg=dict(
        hidden_dims=128,
        s=64,
        expansion_factor=2,
        dropout_rate=0.,
        drop_path=0.,
        act_fn='SiLU',
        use_rel_bias=False,
        pos_enc=False),
    loss=dict(
        type='KLDiscretLoss',
        use_target_weight=True,
        beta=10.,
        label_softmax=True),
    decoder=simcc)
