"""A small calibrated rig, a body that walks through it, and what the cameras see."""

import numpy as np

from mmpose_al.prediction.predictions import Skeleton
from mmpose_al.prediction.views import ViewKeypoints

SIZE = (640, 480)
JOINTS = ['nose', 'left_ear', 'right_ear', 'tail']


def cameras(count=4):
    """Around the origin, two metres away, looking at it; with distortion."""
    found = []
    for index in range(count):
        angle = 2 * np.pi * index / max(count, 3) + 0.3
        centre = np.array([2000 * np.cos(angle), 2000 * np.sin(angle), 700.0])
        z = -centre / np.linalg.norm(centre)
        x = np.cross(z, [0, 0, 1.0])
        x /= np.linalg.norm(x)
        R = np.stack([x, np.cross(z, x), z])
        found.append(
            dict(
                name=f'cam{index + 1}',
                size=SIZE,
                K=np.array([[600.0, 0, 320], [0, 610.0, 236], [0, 0, 1]]),
                dist=np.array([-0.1, 0.02, 0.001, -0.001, 0.0]),
                R=R,
                t=-R @ centre,
            )
        )
    return found


def walk(frames=12):
    """Places of four joints in mm, (F, 4, 3)."""
    time = np.arange(frames)[:, None, None] / 30
    body = np.array([[0, 0, 300.0], [40, 10, 320], [-40, 10, 320], [0, -300, 200]])
    return body + np.array([400.0, 300.0, 20.0]) * np.sin(2 * time)


def project(points, camera):
    """Pixels of points (..., 3) by OpenCV, (..., 2)."""
    import cv2

    flat = np.ascontiguousarray(points, float).reshape(-1, 3)
    pixels = cv2.projectPoints(
        flat, cv2.Rodrigues(camera['R'])[0], camera['t'], camera['K'], camera['dist']
    )[0]
    return pixels.reshape(*points.shape[:-1], 2)


def views(points, rig, noise=0.0, seed=0, times=True):
    """What the rig sees of joints (F, 4, 3), all with confidence 0.9."""
    random = np.random.RandomState(seed)
    pixels = np.stack([project(points, camera) for camera in rig], 1)
    pixels = pixels + noise * random.randn(*pixels.shape)
    files = [[f'{c["name"]}/{n:06d}.jpg' for n in range(len(points))] for c in rig]
    seconds = np.arange(len(points)) / 30 if times else None
    skeleton = Skeleton(JOINTS, [(0, 3), (0, 1)])
    scores = np.full(pixels.shape[:-1], 0.9)
    return ViewKeypoints('walk', 'net', skeleton, rig, files, seconds, pixels, scores)


def calibration_toml(rig):
    """Pose2Sim's TOML of the rig, in metres."""
    lines = []
    for camera in rig:
        import cv2

        vector = cv2.Rodrigues(camera['R'])[0].ravel().tolist()
        lines += [
            f'[{camera["name"]}]',
            f'name = "{camera["name"]}"',
            f'size = {list(map(float, camera["size"]))}',
            f'matrix = {camera["K"].tolist()}',
            f'distortions = {camera["dist"].tolist()}',
            f'rotation = {vector}',
            f'translation = {(camera["t"] / 1000).tolist()}',
            'fisheye = false',
        ]
    return '\n'.join(lines) + '\n'
