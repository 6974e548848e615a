from ..lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    dict(
        pose3d_inferencer=[
            'Pose3DInferencer',
            'guess_intrinsics',
            'load_model',
            'load_weights',
            'read_frames',
        ]
    ),
)
