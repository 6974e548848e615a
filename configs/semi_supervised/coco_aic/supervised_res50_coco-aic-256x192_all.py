"""For comparison: the labels of AI Challenger too, of the 12 joints that COCO has."""
_base_ = [
    '../coco/supervised_res50_coco-256x192_all.py',
    '../../_base_/datasets/aic_images.py'
]
train_dataloader = dict(
    dataset=dict(labeled=[
        dict(_base_.train_set),
        dict(pipeline=[
                 dict(type='MapKeypoints',
                      source=dict(from_file='configs/_base_/datasets/aic.py'),
                      target=dict(from_file='configs/_base_/datasets/coco.py'),
                      drop=['head_top', 'neck'])
             ],
             **_base_.aic_set)
    ]))
