from .base import SemiPoseEstimator
from .consistency import EasyHardEstimator, MultiPathPose, PoseCons, PoseDual
from .denoised import DenoisedPoseDual
from .multi_view import MultiViewPoseDual
from .teachers import DataDistill, MeanTeacherPose, PseudoPose

__all__ = [
    'SemiPoseEstimator',
    'EasyHardEstimator',
    'PoseCons',
    'PoseDual',
    'MultiPathPose',
    'DenoisedPoseDual',
    'MultiViewPoseDual',
    'PseudoPose',
    'DataDistill',
    'MeanTeacherPose',
]
