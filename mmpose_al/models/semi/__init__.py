from .base import SemiPoseEstimator
from .consistency import EasyHardEstimator, MultiPathPose, PoseCons, PoseDual, TeachingStudents
from .denoised import DenoisedPoseDual
from .multi_view import MultiViewDenoisedPoseDual, MultiViewPoseDual
from .teachers import DataDistill, MeanTeacherPose, PseudoPose, TaughtStudent

__all__ = [
    'SemiPoseEstimator',
    'EasyHardEstimator',
    'TeachingStudents',
    'TaughtStudent',
    'PoseCons',
    'PoseDual',
    'MultiPathPose',
    'DenoisedPoseDual',
    'MultiViewPoseDual',
    'MultiViewDenoisedPoseDual',
    'PseudoPose',
    'DataDistill',
    'MeanTeacherPose',
]
