"""Human3.6M as single images, 17 joints."""
h36m_set = dict(
    type='MultiViewCocoDataset',
    metainfo=dict(from_file='configs/_base_/datasets/h36m.py'),
    data_root='data/h36m/',
    data_prefix=dict(img='images/'),
    on_bad='skip')
