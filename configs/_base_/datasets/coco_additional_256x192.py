"""All of train2017 labelled, unlabeled2017 unlabelled (Xie21, Table 3; Yu24, Table 5).

``tools/dataset_converters/detect_boxes.py`` writes the boxes of unlabeled2017.
"""
_base_ = './coco_semi_256x192.py'
labels = None
train_set = dict(labels=None)
train_dataloader = dict(dataset=dict(labeled=dict(subset=None, labels=None)))
unlabeled_set = dict(
    type='MultiViewCocoDataset',
    data_root=_base_.data_root,
    ann_file='annotations/person_boxes_unlabeled2017.json',
    data_prefix=dict(img='unlabeled2017/'),
    need_keypoints=False,
    on_bad='skip')
