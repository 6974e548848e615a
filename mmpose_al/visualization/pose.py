"""One pose on its image."""

from typing import List, Tuple

import cv2
import numpy as np

BLUE = 108  # OpenCV's hue, in steps of 2 degrees


def draw_pose(
    image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray, links, threshold: float
) -> np.ndarray:
    """A copy of a BGR image with the joints (K, 2) and links above the threshold.

    Each joint has a colour of its own: evenly around the circle of hues.
    """
    image = image.copy()
    colours = joint_colours(len(keypoints))
    width = max(1, round(max(image.shape[:2]) / 150))
    points = [tuple(int(round(v)) for v in point) for point in keypoints]
    for a, b in links:
        if min(scores[a], scores[b]) >= threshold:
            cv2.line(image, points[a], points[b], (0, 200, 255), width, cv2.LINE_AA)
    for point, score, colour in zip(points, scores, colours):
        if score >= threshold:
            cv2.circle(image, point, round(1.5 * width), colour, -1, cv2.LINE_AA)
    return image


def joint_colours(num: int) -> List[Tuple[int, int, int]]:
    """BGR colours of ``num`` joints: full hues, evenly apart; the first is blue."""
    hues = [(BLUE + 180 * index // num) % 180 for index in range(num)]
    pixels = np.array([[(hue, 255, 255) for hue in hues]], np.uint8).reshape(1, num, 3)
    found = cv2.cvtColor(pixels, cv2.COLOR_HSV2BGR)[0] if num else []
    return [(int(b), int(g), int(r)) for b, g, r in found]
