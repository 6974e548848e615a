from .base import QueryStrategy, Selection
from .best_vs_second_best import BestVsSecondBest
from .committee_disagreement import CommitteeDisagreement
from .constraints import Constraints
from .core_set import KCenter
from .core_set_features import CoreSetFeatures
from .core_set_poses import CoreSetPoses
from .core_set_poses_2d import CoreSetPoses2D
from .diverse import Diverse
from .first_frames import FirstFrames
from .least_confidence import LeastConfidence
from .least_consensus import LeastConsensus
from .listed import Listed
from .multi_peak_entropy import MultiPeakEntropy
from .multi_view_consistency import MultiViewConsistency
from .random_sampling import RandomSampling
from .temporal_jump import TemporalJump
from .uncertain_and_diverse import UncertainAndDiverse
from .view_disagreement_3d import ViewDisagreement3D
from .view_score import ViewScore
from .weighted_combination import WeightedCombination

__all__ = [
    'BestVsSecondBest',
    'CommitteeDisagreement',
    'Constraints',
    'CoreSetFeatures',
    'CoreSetPoses',
    'CoreSetPoses2D',
    'Diverse',
    'FirstFrames',
    'KCenter',
    'LeastConfidence',
    'LeastConsensus',
    'Listed',
    'MultiPeakEntropy',
    'MultiViewConsistency',
    'QueryStrategy',
    'RandomSampling',
    'Selection',
    'TemporalJump',
    'UncertainAndDiverse',
    'ViewDisagreement3D',
    'ViewScore',
    'WeightedCombination',
]
