"""PoseCons, affine views (Xie21, "Ours (Single)", A): 50 labelled images."""
_base_ = './posedual-a_lite0_lspet-64x64_50.py'
model = dict(type='PoseCons')
