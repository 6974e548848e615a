"""MultiAugs, two networks, JOCO and JCCM (arXiv 2402.11566)."""
_base_ = './posedual-a_lite0_synthetic-64x64_60-images.py'
model = dict(type='MultiPathPose', students=[_base_.model.students] * 2)
