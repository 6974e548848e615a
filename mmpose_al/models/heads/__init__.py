from .heatmap_2p5d import Heatmap2p5DHead

__all__ = ['Heatmap2p5DHead']
