from .base import SemiPoseEstimator
from .consistency import PoseCons, PoseDual

__all__ = ['SemiPoseEstimator', 'PoseCons', 'PoseDual']
