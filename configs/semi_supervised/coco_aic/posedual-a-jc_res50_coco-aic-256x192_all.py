"""PoseDual A+JC, train2017; unlabeled2017 and AI Challenger unlabelled (Yu24's data).

Of AI Challenger only the boxes are used.
"""
_base_ = [
    '../coco/posedual-a-jc_res50_coco-additional-256x192_all.py',
    '../../_base_/datasets/aic_images.py'
]
train_dataloader = dict(
    dataset=dict(unlabeled=[
        _base_.unlabeled_set,
        dict(need_keypoints=False,
             pipeline=[dict(type='KeypointConverter', num_keypoints=17, mapping=[])],
             **_base_.aic_set)
    ]))
