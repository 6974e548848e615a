from ..lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    dict(
        codecs=[],
        labeled_unlabeled=['LabeledUnlabeledDataset'],
        multiview=['MultiViewCocoDataset', 'load_multiview'],
        samplers=[
            'LabeledGroupSampler',
            'LabeledUnlabeledSampler',
            'MixedBatchSampler',
            'SeededIndex',
        ],
        transforms=[],
    ),
)
