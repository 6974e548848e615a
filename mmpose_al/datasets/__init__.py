from . import transforms  # noqa: F401
from .labeled_unlabeled import LabeledUnlabeledDataset
from .multiview import MultiViewCocoDataset, load_multiview
from .samplers import LabeledUnlabeledSampler, SeededIndex

__all__ = [
    'LabeledUnlabeledDataset', 'LabeledUnlabeledSampler', 'MultiViewCocoDataset',
    'SeededIndex', 'load_multiview'
]
