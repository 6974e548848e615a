"""MultiAugs, two networks, JOCO and JCCM (arXiv 2402.11566): 50 labelled images."""
_base_ = './posedual-a_lite0_lspet-64x64_50.py'
model = dict(type='MultiPathPose', students=[_base_.model.students] * 2)
