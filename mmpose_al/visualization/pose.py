"""One pose on its image."""

import cv2
import numpy as np


def draw_pose(
    image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray, links, threshold: float
) -> np.ndarray:
    """A copy of a BGR image with the joints (K, 2) and links above the threshold."""
    image = image.copy()
    width = max(1, round(max(image.shape[:2]) / 150))
    points = [tuple(int(round(v)) for v in point) for point in keypoints]
    for a, b in links:
        if min(scores[a], scores[b]) >= threshold:
            cv2.line(image, points[a], points[b], (0, 200, 255), width, cv2.LINE_AA)
    for point, score in zip(points, scores):
        if score >= threshold:
            cv2.circle(image, point, 2 * width, (255, 100, 0), -1, cv2.LINE_AA)
    return image
