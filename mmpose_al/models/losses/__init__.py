from .consistency import HeatmapConsistencyLoss
from .multi_view import HandednessLoss, LimbLengthLoss, MultiViewConsistencyLoss

__all__ = ['HandednessLoss', 'HeatmapConsistencyLoss', 'LimbLengthLoss', 'MultiViewConsistencyLoss']
