"""MVC with self-training as the authors' code has them, not the paper.

Half the distance of the inlier views; pseudo-labels at random of the surest 2 M, never
twice; a tenth of the learning rate from step 3,000. The data are converted with
``--protocol feng23-code``. The code triangulates with 10 pixels of its 256x256 crops; the
threshold here is of the image, as in the other configs.
"""
_base_ = './random_res50_panoptic-256x256.py'
active_learning = dict(
    strategy=dict(
        type='MultiViewConsistency', squared=False, inliers_only=True, half=True),
    self_training=dict(
        num=[0, 20, 20, 30, 30, 40, 40, 50, 50, 50],
        schedule='once',
        choice='random',
        squared=False))
param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=5000, milestones=[3000], gamma=0.1,
         by_epoch=False)
]
