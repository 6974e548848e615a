"""PoseCons, affine views and JointCutout on five joints (Xie21, A+JC)."""
_base_ = './posedual-a-jc_lite0_lspet-64x64_50.py'
model = dict(type='PoseCons')
