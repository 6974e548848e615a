"""PoseDual whose teachers the other cameras correct: 4 labelled frames of the studio."""
_base_ = './posedual-a_lite0_studio-64x64_4-frames.py'
model = dict(type='MultiViewPoseDual', num_views=8, min_inliers=4)
meta_keys = ('id', 'img_id', 'img_path', 'ori_shape', 'img_shape', 'input_size',
             'input_center', 'input_scale', 'flip', 'flip_direction', 'flip_indices',
             'frame_id', 'person_id', 'input_K', 'input_dist', 'input_R', 'input_t')
*steps, encode, _ = _base_.train_pipeline
train_dataloader = dict(
    dataset=dict(pipeline=[
        *steps,
        dict(type='InputCamera'), encode,
        dict(type='PackPoseInputs', meta_keys=meta_keys)
    ]),
    sampler=dict(type='LabeledGroupSampler', num_groups=1, num_views=8))
