"""WS+R: as WS, and the extrinsics of the rig are known."""
_base_ = './ws_lite0_synthetic-64x64.py'
model = dict(known_rotations=True)
