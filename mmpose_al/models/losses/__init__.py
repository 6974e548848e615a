from .consistency import HeatmapConsistencyLoss
from .multi_view import LimbLengthLoss, MultiViewConsistencyLoss

__all__ = ['HeatmapConsistencyLoss', 'LimbLengthLoss', 'MultiViewConsistencyLoss']
