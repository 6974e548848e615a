"""Pictures of poses: what a model predicts over what is true."""

from typing import Dict, Sequence, Tuple

import cv2
import numpy as np

from ..fileio import write_image

TRUE_COLOR = (80, 200, 80)
PREDICTED_COLOR = (40, 90, 255)
_SHIFT = 4  # cv2 takes coordinates in sixteenths of a pixel
_TITLE_HEIGHT = 18


def draw_overlays(
    images: Sequence[np.ndarray],
    true: Sequence[Tuple[np.ndarray, np.ndarray]],
    predicted: Dict[str, Sequence[np.ndarray]],
    skeleton: Sequence[Tuple[int, int]],
    out_file: str,
    height: int = 240,
) -> None:
    """Write a grid: one row a model, one column an image.

    True skeletons are green, predicted ones red.

    Args:
        images (list): B images (h, w, 3), uint8, BGR.
        true (list): For each image the keypoints (K, 2) in pixels and which of them
            are known (K,).
        predicted (dict): Name of a model -> for each image its keypoints (K, 2).
        skeleton (list): Pairs of joint indices.
        out_file (str): The picture to write.
        height (int): Height of a grid cell in pixels.

    Raises:
        ValueError: A model with another number of images, or an unwritable file.
    """
    rows = []
    for name, keypoints in predicted.items():
        if len(keypoints) != len(images):
            raise ValueError(f'{name} predicts {len(keypoints)} of {len(images)} images')
        cells = []
        for image, (points, known), guess in zip(images, true, keypoints):
            cell, scale = fit_height(image, height)
            draw_skeleton(cell, scaled(points, scale), known, skeleton, TRUE_COLOR)
            everywhere = np.ones(len(guess), bool)
            draw_skeleton(cell, scaled(guess, scale), everywhere, skeleton, PREDICTED_COLOR)
            cells.append(cell)
        rows.append(_titled(np.concatenate(cells, 1), f'{name} (red), true (green)'))
    write_image(out_file, np.concatenate(rows, 0))


def fit_height(image: np.ndarray, height: int) -> Tuple[np.ndarray, float]:
    """A copy of an image with the given height, and the factor of its size."""
    scale = height / image.shape[0]
    width = max(1, round(image.shape[1] * scale))
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), scale


def scaled(points: np.ndarray, scale: float) -> np.ndarray:
    """Keypoints (K, 2) on the resized image; pixel centres are at integers."""
    return (np.asarray(points, float) + 0.5) * scale - 0.5


def draw_skeleton(
    image: np.ndarray,
    points: np.ndarray,
    known: np.ndarray,
    skeleton: Sequence[Tuple[int, int]],
    color: Tuple[int, int, int],
) -> None:
    """Draw a pose into an image, in place.

    Args:
        image (np.ndarray): (h, w, 3), uint8.
        points (np.ndarray): (K, 2) pixels. Points that are not finite are left out.
        known (np.ndarray): (K,), which joints to draw.
        skeleton (list): Pairs of joint indices; a bone needs both.
        color (tuple): BGR.
    """
    known = np.asarray(known).astype(bool) & np.isfinite(points).all(1)
    limit = 10 * max(image.shape)
    fixed = np.clip(np.where(known[:, None], points, 0), -limit, limit)
    fixed = np.round(fixed * 2**_SHIFT).astype(int)
    for start, end in skeleton:
        if known[start] and known[end]:
            cv2.line(
                image,
                tuple(map(int, fixed[start])),
                tuple(map(int, fixed[end])),
                color,
                1,
                cv2.LINE_AA,
                _SHIFT,
            )
    for x, y in fixed[known]:
        cv2.circle(image, (int(x), int(y)), 2 << _SHIFT, color, -1, cv2.LINE_AA, _SHIFT)


def _titled(row: np.ndarray, title: str) -> np.ndarray:
    bar = np.full((_TITLE_HEIGHT, row.shape[1], 3), 255, np.uint8)
    cv2.putText(
        bar,
        title,
        (4, _TITLE_HEIGHT - 5),
        cv2.FONT_HERSHEY_SIMPLEX,
        0.42,
        (0, 0, 0),
        1,
        cv2.LINE_AA,
    )
    return np.concatenate([bar, row], 0)
