"""Keypoints of one body in all views of a rig, frame by frame.

Notation: frames F, views V, keypoints K.
"""

from typing import List, NamedTuple, Optional, Sequence

import numpy as np

from .predictions import Predictions, Skeleton


class ViewKeypoints(NamedTuple):
    """What the views of a rig saw.

    Attributes:
        name (str): Of the recording.
        scorer (str): What found the keypoints.
        skeleton (Skeleton): Names of the keypoints and links.
        cameras (list[dict]): Of the V views: ``name``, ``size`` (w, h), ``K`` (3, 3), ``dist``
            (n, ), ``R`` (3, 3), ``t`` (3, ) in mm, x_cam = R X + t.
        files (list): Of each view the F names of its images.
        times (ndarray, optional): Seconds of the frames, (F, ); None where nothing tells.
        pixels (ndarray): As the cameras saw them, (F, V, K, 2); NaN where not.
        scores (ndarray): Confidences, (F, V, K); 0 where not seen.
    """

    name: str
    scorer: str
    skeleton: Skeleton
    cameras: List[dict]
    files: List[List[str]]
    times: Optional[np.ndarray]
    pixels: np.ndarray
    scores: np.ndarray

    @property
    def fps(self) -> Optional[float]:
        """Frames a second, from the times."""
        if self.times is None or len(self.times) < 2:
            return None
        return float((len(self.times) - 1) / (self.times[-1] - self.times[0]))

    @property
    def diagonals(self) -> np.ndarray:
        """Of the images, pixels, (V, )."""
        return np.array([np.hypot(*camera['size']) for camera in self.cameras])


def views_of(
    name: str,
    predictions: Sequence[Predictions],
    cameras: Sequence[dict],
    times: Optional[np.ndarray] = None,
    person: int = 0,
) -> ViewKeypoints:
    """The keypoints of the views' recordings, of one body.

    Args:
        name (str): Of the recording.
        predictions (list[Predictions]): Of the V views, in the order of the cameras. Frames
            beyond the shortest are left out.
        cameras (list[dict]): See :class:`ViewKeypoints`.
        times (ndarray, optional): Seconds of the frames.
        person (int): Number of the body, the same in all views.
    """
    count = min(len(each.frames) for each in predictions)
    table = np.stack([_of_body(each, person)[:count] for each in predictions], 1)  # F V K 3
    return ViewKeypoints(
        name,
        predictions[0].scorer,
        predictions[0].skeleton,
        list(cameras),
        [[frame.name for frame in each.frames[:count]] for each in predictions],
        None if times is None else np.asarray(times[:count], float),
        table[..., :2],
        np.nan_to_num(table[..., 2]),
    )


def _of_body(predictions: Predictions, person: int) -> np.ndarray:
    """x, y and confidence of a body in each frame, (F, K, 3); NaN where the view has it not."""
    table = predictions.table()
    return table[:, person] if person < table.shape[1] else np.full_like(table[:, 0], np.nan)
