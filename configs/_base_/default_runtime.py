"""Runtime of every config: hooks, logs, and the import that registers mmpose_al."""
custom_imports = dict(
    imports=['mmpose_al', 'mmpose_al.engine.gloo_without_gpu'],
    allow_failed_imports=False)
default_scope = 'mmpose'
data_mode = 'topdown'  # for MMPose's inferencer, as dataset_type of the data sets

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='SafeCheckpointHook', interval=10, max_keep_ckpts=2),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    weights=dict(type='CheckWeightsHook'),
    visualization=dict(type='PoseVisualizationHook', enable=False))

custom_hooks = [
    dict(type='SyncBuffersHook'),
    dict(type='ExactResumeHook'),
    dict(type='DataCheckHook'),
    dict(type='FiniteHook')]

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))

vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(
    type='PoseLocalVisualizer', vis_backends=vis_backends, name='visualizer')

log_processor = dict(
    type='LogProcessor', window_size=50, by_epoch=True, num_digits=6)
# On GPUs as MMEngine has it; on CPUs there is no device to name.
model_wrapper_cfg = dict(
    type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False)
log_level = 'INFO'
load_from = None
resume = False
backend_args = dict(backend='local')
randomness = dict(seed=0)
