"""MultiAugs, one network, JOCO and JCCM (arXiv 2402.11566): 50 labelled images."""
_base_ = './posecons-a_lite0_lspet-64x64_50.py'
model = dict(type='MultiPathPose')
