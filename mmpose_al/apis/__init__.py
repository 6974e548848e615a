from .pose3d_inferencer import (
    Pose3DInferencer,
    guess_intrinsics,
    load_model,
    load_weights,
    read_frames,
)

__all__ = ['Pose3DInferencer', 'guess_intrinsics', 'load_model', 'load_weights', 'read_frames']
