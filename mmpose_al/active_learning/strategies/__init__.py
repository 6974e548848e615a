from .base import Constraints, QueryStrategy, Selection
from .combined import UncertainAndDiverse, WeightedCombination
from .core_set import CoreSetFeatures, CoreSetPoses, CoreSetPoses2D, KCenter
from .multi_view_consistency import MultiViewConsistency
from .random_sampling import RandomSampling
from .uncertainty import BestVsSecondBest, CommitteeDisagreement, MultiPeakEntropy
from .view_disagreement import ViewDisagreement3D

__all__ = [
    'BestVsSecondBest',
    'CommitteeDisagreement',
    'Constraints',
    'CoreSetFeatures',
    'CoreSetPoses',
    'CoreSetPoses2D',
    'KCenter',
    'MultiPeakEntropy',
    'MultiViewConsistency',
    'QueryStrategy',
    'RandomSampling',
    'Selection',
    'UncertainAndDiverse',
    'ViewDisagreement3D',
    'WeightedCombination',
]
