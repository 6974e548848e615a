"""A camera with a strong lens, and what OpenCV projects with it."""

import cv2
import numpy as np

from mmpose_al.synthetic import cameras


def strong_camera():
    ring = cameras.camera_ring(np.random.default_rng(1), 8, (192, 256))
    return ring[2]._replace(dist=np.array([-0.35, 0.1, 0.01, -0.015, 0.02]))


def opencv_pixels(points, camera):
    return cv2.projectPoints(
        np.asarray(points, float).reshape(-1, 1, 3),
        cv2.Rodrigues(camera.R)[0],
        camera.t,
        camera.K,
        camera.dist,
    )[0].reshape(-1, 2)
