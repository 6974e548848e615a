"""Frames at random; a round trains MultiViewPoseDual, then its networks on pseudo-labels too."""
_base_ = './random_lite0_studio-64x64.py'
model = dict(
    _delete_=True, type='MultiViewPoseDual', backbone=dict(), students=_base_.model,
    hard_view=dict(rotation=60, scale=(0.75, 1.25)),
    start=600, num_views=8, min_inliers=4)
meta_keys = ('id', 'img_id', 'img_path', 'ori_shape', 'img_shape', 'input_size',
             'input_center', 'input_scale', 'flip', 'flip_direction', 'flip_indices',
             'frame_id', 'person_id', 'input_K', 'input_dist', 'input_R', 'input_t')
*steps, encode, _ = _base_.train_pipeline
train_dataloader = dict(
    batch_size=16,
    dataset=dict(
        unlabeled=dict(_base_.train_set, labels=None),
        pipeline=[
            *steps,
            dict(type='InputCamera'), encode,
            dict(type='PackPoseInputs', meta_keys=meta_keys)
        ]),
    sampler=dict(type='LabeledGroupSampler', num_groups=1, num_views=8))
val_evaluator = [
    dict(type='PerStudentMetric', metric=metric) for metric in _base_.val_evaluator
]
test_evaluator = val_evaluator
custom_hooks = _base_.custom_hooks + [dict(type='CollapseMonitorHook')]
active_learning = dict(
    self_training=dict(
        type='MultiViewBootstrapping', min_inliers=4, rounds=1, unlabeled=False))
