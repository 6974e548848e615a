from .curves import plot_curves, read_scalars
from .overlays import draw_overlays

__all__ = ['draw_overlays', 'plot_curves', 'read_scalars']
