from . import codecs, transforms
from .labeled_unlabeled import LabeledUnlabeledDataset
from .multiview import MultiViewCocoDataset, load_multiview
from .samplers import LabeledGroupSampler, LabeledUnlabeledSampler, SeededIndex

__all__ = [
    'LabeledGroupSampler',
    'LabeledUnlabeledDataset',
    'LabeledUnlabeledSampler',
    'MultiViewCocoDataset',
    'SeededIndex',
    'load_multiview',
]
