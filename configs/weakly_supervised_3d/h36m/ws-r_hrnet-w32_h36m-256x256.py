"""WS+R, 2D=M, MV=H (Table 1): the cameras' rotations are known."""
_base_ = './ws_hrnet-w32_h36m-256x256.py'
model = dict(known_rotations=True)
