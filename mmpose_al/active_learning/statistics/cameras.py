"""Cameras of the views: intrinsics, rotation, translation, distortion."""

import numpy as np

from ...geometry import DIST_LENGTHS
from ..registry import STATISTICS
from .base import Batch, Rows, Statistic


class _Camera(Statistic):
    """A part of the sample's camera, float64; NaN where there is none."""

    dtype = np.float64
    always = True
    untrained = True

    def part(self, camera: dict) -> np.ndarray:
        """Of one camera."""
        raise NotImplementedError

    def compute(self, batch: Batch) -> Rows:
        """None of a view without a camera."""
        return [None if camera is None else self.part(camera) for camera in batch.meta('camera')]


@STATISTICS.register_module('K')
class Intrinsics(_Camera):
    """Intrinsic matrix, pixels of the image, float64 (3, 3)."""

    shape = (3, 3)

    def part(self, camera: dict) -> np.ndarray:
        """As the file has it."""
        return camera['K']


@STATISTICS.register_module('R')
class Rotation(_Camera):
    """Rotation from the world to the camera, float64 (3, 3)."""

    shape = (3, 3)

    def part(self, camera: dict) -> np.ndarray:
        """As the file has it."""
        return camera['R']


@STATISTICS.register_module('t')
class Translation(_Camera):
    """Translation from the world to the camera, float64 (3, )."""

    shape = (3,)

    def part(self, camera: dict) -> np.ndarray:
        """As the file has it."""
        return np.asarray(camera['t'], np.float64).reshape(3)


@STATISTICS.register_module('dist')
class Distortion(_Camera):
    """Distortion coefficients in OpenCV's order, padded with 0, float64 (14, )."""

    shape = (14,)

    def part(self, camera: dict) -> np.ndarray:
        """Padded.

        Raises:
            ValueError: A number of coefficients that OpenCV does not have.
        """
        given = np.asarray(camera.get('dist', ()), np.float64).reshape(-1)
        if len(given) not in DIST_LENGTHS:
            raise ValueError(
                f'camera {camera.get("name")!r} has {len(given)} '
                f'distortion coefficients; OpenCV has {DIST_LENGTHS}'
            )
        padded = np.zeros(14)
        padded[: len(given)] = given
        return padded
