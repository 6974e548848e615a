"""WS+R, 2D=M, MV=H+I+Q (Tables 1, 3).

The rotations of MannequinChallenge's one moving camera are known, too.
"""
_base_ = './ws-hiq_hrnet-w32_h36m-256x256.py'
model = dict(known_rotations=True)
