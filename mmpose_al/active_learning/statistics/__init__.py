"""What one pass over the pool leaves: a few numbers for each view, never heatmaps.

One file a statistic, registered in ``STATISTICS``; the table that they make
(:mod:`.table`), its views grouped by person and frame (:mod:`.groups`), and the pool as
strategies see it (:mod:`.pool_statistics`). PyTorch is imported where something is
computed, so that a score file is read at once.
"""

from .appearance import Appearance
from .base import POOL_PROPERTIES, Statistic, chosen_statistics
from .box_side import BoxSide
from .cameras import Distortion, Intrinsics, Rotation, Translation
from .diagonal import Diagonal
from .disagreement import Disagreement
from .entropy import Entropy
from .features import Features
from .groups import Groups, group_views, triangulate_views
from .highest_probability import HighestProbability
from .ids import AnnotationId, CameraId, FrameId, ImageId, PersonId, Unit
from .keypoints import Keypoints
from .keypoints_3d import Keypoints3D
from .margin import Margin
from .pool_statistics import PoolStatistics, aggregate
from .scores import Scores
from .table import MissingStatistic, ViewStatistics, concatenate, load_views, save_views, sort_views

__all__ = [
    'AnnotationId',
    'Appearance',
    'BoxSide',
    'CameraId',
    'Diagonal',
    'Disagreement',
    'Distortion',
    'Entropy',
    'Features',
    'FrameId',
    'Groups',
    'HighestProbability',
    'ImageId',
    'Intrinsics',
    'Keypoints',
    'Keypoints3D',
    'Margin',
    'MissingStatistic',
    'POOL_PROPERTIES',
    'PersonId',
    'PoolStatistics',
    'Rotation',
    'Scores',
    'Statistic',
    'Translation',
    'Unit',
    'ViewStatistics',
    'aggregate',
    'chosen_statistics',
    'concatenate',
    'group_views',
    'load_views',
    'save_views',
    'sort_views',
    'triangulate_views',
]
