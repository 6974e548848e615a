from .consistency import HeatmapConsistencyLoss

__all__ = ['HeatmapConsistencyLoss']
