"""A ring of calibrated cameras, and plain NumPy projection.

The multi-view format's conventions: x_cam = R X + t in mm, the camera looks
along +z, pixel centres at integer coordinates, distortion in OpenCV's order.
"""

from typing import List, NamedTuple, Tuple

import cv2
import numpy as np


class Camera(NamedTuple):
    """width, height in pixels; K (3, 3); dist (5,); R (3, 3); t (3,) mm."""

    width: int
    height: int
    K: np.ndarray
    dist: np.ndarray
    R: np.ndarray
    t: np.ndarray


#: The part of the ring with cameras. People mostly face its middle, as they do
#: where they are asked to: a full ring sees as many backs as fronts, and then which
#: side is left cannot be learnt in the few steps that a CPU has time for.
ARC = 200.0


def camera_ring(
    rng: np.random.Generator,
    num_cameras: int,
    image_size: Tuple[int, int],
    radius: float = 4500.0,
    view_height: float = 2200.0,
    arc: float = ARC,
) -> List[Camera]:
    """Cameras on a ring around the world's z axis, looking at a person there.

    Azimuths are even over ``arc`` up to a jitter, its middle on the x axis;
    heights spread over 0.6 to 2.8 m without following the azimuth, and each
    camera has its own focal length, principal point, roll and radial distortion
    (k1 within 0.12).

    Args:
        rng: Source of randomness.
        num_cameras: 2 to 31; two stand a right angle apart.
        image_size: (width, height) in pixels.
        radius: Distance from the axis, mm.
        view_height: What the image's shorter side covers at the axis, mm.
        arc: Part of the ring that has cameras, degrees.
    """
    if not 2 <= num_cameras <= 31:
        raise ValueError(f'num_cameras is {num_cameras}; choose 2 to 31')
    width, height = image_size
    # Two cameras face to face could not triangulate what lies between them.
    step = np.pi / 2 if num_cameras == 2 else np.radians(arc) / (num_cameras - 1)
    heights = np.linspace(600, 2800, num_cameras)
    # A stride that shares no factor with the count visits every height once
    # and puts low and high cameras side by side.
    stride = next(s for s in range(max(2, num_cameras * 3 // 8), 99) if np.gcd(s, num_cameras) == 1)
    cameras = []
    for i in range(num_cameras):
        azimuth = (i - (num_cameras - 1) / 2 + rng.uniform(-0.12, 0.12)) * step
        distance = radius * rng.uniform(0.93, 1.07)
        centre = np.array(
            [
                distance * np.cos(azimuth),
                distance * np.sin(azimuth),
                heights[i * stride % num_cameras],
            ]
        )
        target = np.array([0, 0, 950.0]) + rng.normal(0, 40, 3)
        R = _look_at(centre, target, roll=rng.normal(0, np.radians(1.5)))
        focal = (
            min(image_size)
            * np.linalg.norm(centre - target)
            / view_height
            * rng.uniform(0.96, 1.06)
        )
        K = np.array(
            [
                [focal, 0, (width - 1) / 2 + rng.normal(0, 0.01) * width],
                [
                    0,
                    focal * rng.uniform(0.995, 1.005),
                    (height - 1) / 2 + rng.normal(0, 0.01) * height,
                ],
                [0, 0, 1],
            ]
        )
        dist = np.array([rng.uniform(-0.12, 0.12), 0, 0, 0, 0])
        cameras.append(Camera(width, height, K, dist, R, -R @ centre))
    return cameras


def project(points: np.ndarray, camera: Camera) -> np.ndarray:
    """World points (..., 3) in mm to pixels (..., 2), distortion included
    (OpenCV's model with five coefficients)."""
    seen = points @ camera.R.T + camera.t
    return to_pixels(seen[..., :2] / seen[..., 2:], camera)


def to_pixels(xy: np.ndarray, camera: Camera) -> np.ndarray:
    """Ideal image-plane points x/z, y/z (..., 2) to distorted pixels."""
    k1, k2, p1, p2, k3 = camera.dist
    x, y = xy[..., 0], xy[..., 1]
    r2 = x * x + y * y
    radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    u = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    v = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    return np.stack(
        [camera.K[0, 0] * u + camera.K[0, 2], camera.K[1, 1] * v + camera.K[1, 2]], axis=-1
    )


def pixel_rays(camera: Camera) -> np.ndarray:
    """The undistorted ray (x, y, 1) through each pixel centre, (H, W, 3)."""
    v, u = np.mgrid[: camera.height, : camera.width].astype(np.float64)
    pixels = np.stack([u, v], axis=-1).reshape(-1, 1, 2)
    xy = cv2.undistortPointsIter(
        pixels,
        camera.K,
        camera.dist,
        None,
        None,
        (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-12),
    )
    rays = np.ones((camera.height, camera.width, 3))
    rays[..., :2] = xy.reshape(camera.height, camera.width, 2)
    return rays


def _look_at(centre: np.ndarray, target: np.ndarray, roll: float) -> np.ndarray:
    """World-to-camera rotation: z towards the target, y down, rolled."""
    z = target - centre
    z = z / np.linalg.norm(z)
    x = np.cross(z, [0, 0, 1.0])
    x = x / np.linalg.norm(x)
    y = np.cross(z, x)
    c, s = np.cos(roll), np.sin(roll)
    return np.stack([c * x + s * y, -s * x + c * y, z])
