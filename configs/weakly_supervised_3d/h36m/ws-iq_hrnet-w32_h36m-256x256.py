"""WS, 2D=M, MV=I+Q (Table 1): views of MPI-INF-3DHP and MannequinChallenge."""
_base_ = './ws_hrnet-w32_h36m-256x256.py'
train_dataloader = dict(dataset=dict(unlabeled=[_base_.dhp_rig, _base_.mannequin]))
