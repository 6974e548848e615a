"""WS+R, 2D=H+M, MV=H (Table 1)."""
_base_ = './ws-h_hrnet-w32_h36m-256x256.py'
model = dict(known_rotations=True)
