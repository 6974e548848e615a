from ..lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    dict(
        beside=['draw_beside'],
        curves=['plot_curves', 'read_scalars'],
        multiview=['draw_views'],
        overlays=['draw_overlays'],
        pose=['draw_pose'],
        reliability=['plot_reliability'],
        skeleton3d=['draw_scene', 'plot_residuals'],
    ),
)
