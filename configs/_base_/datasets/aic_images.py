"""AI Challenger, training set: 210,000 images, 14 joints."""
aic_set = dict(
    type='MultiViewCocoDataset',
    metainfo=dict(from_file='configs/_base_/datasets/aic.py'),
    data_root='data/aic/',
    ann_file='annotations/aic_train.json',
    data_prefix=dict(
        img='ai_challenger_keypoint_train_20170902/keypoint_train_images_20170902/'),
    on_bad='skip')
