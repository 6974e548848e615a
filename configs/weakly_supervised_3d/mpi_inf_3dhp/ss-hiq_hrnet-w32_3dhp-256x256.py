"""SS: 3D labels of S1, MV=H+I+Q, tested on MPI-INF-3DHP (Table 3). The network is that
of ``../h36m/ss-hiq_hrnet-w32_h36m-256x256.py``; nothing has to be trained again."""
_base_ = '../h36m/ss-hiq_hrnet-w32_h36m-256x256.py'
val_dataloader = dict(dataset=dict(_delete_=True, **_base_.dhp_test_dataset))
test_dataloader = val_dataloader
val_evaluator = _base_.dhp_evaluator
test_evaluator = val_evaluator
