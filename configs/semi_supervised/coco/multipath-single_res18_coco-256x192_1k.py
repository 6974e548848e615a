"""MultiAugs, one network, 1,000 labels (arXiv 2402.11566: 45.5 AP)."""
_base_ = './posecons-a_res18_coco-256x192_1k.py'
model = dict(type='MultiPathPose')
# 30 passes over the unlabelled images, drops at 20 and 25.
train_cfg = dict(max_epochs=30)
param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=30, milestones=[20, 25], gamma=0.1,
         by_epoch=True)
]
