"""Keypoints drawn into a video."""

from typing import Callable, Optional, Sequence, Tuple

import cv2
import numpy as np

from ..fileio import atomic_path
from ..visualization import draw_pose
from .ahead import ahead
from .inputs import Recording, read_frames
from .predictions import Predictions

ENDING = '.overlay.mp4'
IMAGES_A_SECOND = 5.0  # of recordings without a rate
CODEC = 'mp4v'


def write_overlay(
    path: str,
    recording: Recording,
    predictions: Predictions,
    threshold: float = 0.2,
    report: Optional[Callable[[str], None]] = None,
) -> None:
    """Write a video with the keypoints and links of each frame.

    Args:
        path (str): The video, ``.mp4``.
        recording (Recording): It is decoded once more. Images of other sizes than the first
            are scaled into it.
        predictions (Predictions): Of the recording.
        threshold (float): Keypoints with a lower confidence are not drawn.
        report (callable, optional): Takes a line where nothing was drawn.

    Raises:
        OSError: This OpenCV cannot write such a video.
    """
    size = next(frame.size for frame in predictions.frames if frame.size)
    table = predictions.table()
    drawn = 0
    with atomic_path(path) as temporary:
        fps = predictions.fps or IMAGES_A_SECOND
        writer = cv2.VideoWriter(temporary, cv2.VideoWriter.fourcc(*CODEC), fps, size)
        if not writer.isOpened():
            raise OSError(f'{path}: this OpenCV writes no {CODEC} videos; leave --video out')
        try:
            with ahead(read_frames(recording)) as frames:
                for frame in frames:
                    if frame.image is None or frame.number >= len(table):
                        continue
                    image = frame.image
                    for person in table[frame.number]:
                        image = draw_person(image, person, predictions.skeleton.links, threshold)
                        drawn += int((person[:, 2] >= threshold).sum())
                    writer.write(fitted(image, size))
        finally:
            writer.release()
    if not drawn and report is not None:
        report(f'{path}: no keypoint has a confidence of {threshold} or more; none is drawn')


def draw_person(
    image: np.ndarray, person: np.ndarray, links: Sequence, threshold: float
) -> np.ndarray:
    """A copy of an image with a person's keypoints (K, 3); of one that is not there as it is."""
    scores = np.nan_to_num(person[:, 2], nan=-np.inf)
    return draw_pose(image, np.nan_to_num(person[:, :2]), scores, links, threshold)


def fitted(image: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
    """An image scaled into a size (width, height), on black."""
    height, width = image.shape[:2]
    if (width, height) == tuple(size):
        return image
    scale = min(size[0] / width, size[1] / height)
    small = cv2.resize(image, (max(round(width * scale), 1), max(round(height * scale), 1)))
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    canvas[: small.shape[0], : small.shape[1]] = small[: size[1], : size[0]]
    return canvas
