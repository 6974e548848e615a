"""Pre-trained on MPII's labels, fine-tuned on Human3.6M's (Xie21, Table 7: 88.2).

The last layer starts afresh: 16 joints there, 17 here.
"""
_base_ = [
    '../../_base_/models/res18_heatmap.py',
    '../../_base_/datasets/h36m_2d_256x256.py',
    '../../_base_/schedules/xie21_epochs.py'
]
model = dict(head=dict(out_channels=17, decoder=_base_.codec))
default_hooks = dict(checkpoint=dict(save_best='pck/bbox@0.05', rule='greater'))
load_from = 'work_dirs/supervised_res18_mpii-256x256_all/epoch_100.pth'
load_cfg = dict(leave_out=['head.final_layer'])
