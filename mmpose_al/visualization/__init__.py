from .beside import draw_beside
from .curves import plot_curves, read_scalars
from .multiview import draw_views
from .overlays import draw_overlays
from .skeleton3d import draw_scene, plot_residuals

__all__ = [
    'draw_beside',
    'draw_overlays',
    'draw_scene',
    'draw_views',
    'plot_curves',
    'plot_residuals',
    'read_scalars',
]
