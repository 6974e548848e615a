"""WS as the paper has it: Eq. 7 alone, gradients not clipped."""
_base_ = './ws_hrnet-w32_h36m-256x256.py'
model = dict(
    multi_view=dict(loss_weight=10.0, apparent_size=False, distance='l1'),
    handedness=None,
    range_weight=0.0)
optim_wrapper = dict(clip_grad=None)
