"""The keypoints of a recording, as what all files of results are written from.

Notation: frames F, persons of all frames N, most persons of a frame P, keypoints K.

Coordinates are pixels of the input as it is shown: x to the right, y down, and the centre of
the pixel at the top left is (0, 0).
"""

from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

CONVENTION = (
    'pixels of the input as it is shown; x to the right, y down; the centre of the top left '
    'pixel is (0, 0)'
)


class FrameInfo(NamedTuple):
    """A frame of a recording.

    Attributes:
        number (int): From 0.
        name (str): Of the image; of a video's frame as ``convert videos`` would call it.
        size (tuple, optional): Width and height; None where it could not be read.
        error (str): Why not.
    """

    number: int
    name: str
    size: Optional[Tuple[int, int]]
    error: str = ''


class Skeleton(NamedTuple):
    """Of the model: names of the K keypoints, and pairs of them to draw."""

    joints: List[str]
    links: List[Tuple[int, int]]


class Predictions(NamedTuple):
    """What a model said about a recording.

    Attributes:
        name (str): Of the recording.
        path (str): Its video or folder.
        is_video (bool): Whether the frames are those of a video.
        fps (float, optional): Frames a second.
        skeleton (Skeleton): Of the model.
        scorer (str): Name of the model.
        frames (list[FrameInfo]): F of them.
        frame (ndarray): Index of each person's frame, ascending, int64 (N, ).
        person (ndarray): Number of the person in its frame, int64 (N, ).
        boxes (ndarray): x, y, width, height, (N, 4).
        box_scores (ndarray): (N, ).
        keypoints (ndarray): Pixels, (N, K, 2).
        scores (ndarray): Confidence of each keypoint, (N, K).
    """

    name: str
    path: str
    is_video: bool
    fps: Optional[float]
    skeleton: Skeleton
    scorer: str
    frames: List[FrameInfo]
    frame: np.ndarray
    person: np.ndarray
    boxes: np.ndarray
    box_scores: np.ndarray
    keypoints: np.ndarray
    scores: np.ndarray

    @property
    def persons(self) -> int:
        """The largest number of persons in a frame, P; at least 1."""
        return int(self.person.max(initial=0)) + 1

    def table(self) -> np.ndarray:
        """x, y and confidence of each person of each frame, (F, P, K, 3); NaN without."""
        joints = len(self.skeleton.joints)
        table = np.full((len(self.frames), self.persons, joints, 3), np.nan)
        table[self.frame, self.person, :, :2] = self.keypoints
        table[self.frame, self.person, :, 2] = self.scores
        return table

    def time_of(self, number: int) -> Optional[float]:
        """Seconds of a frame from the first; None where nothing tells."""
        return number / self.fps if self.fps else None


def collected(
    name: str,
    path: str,
    is_video: bool,
    fps: Optional[float],
    skeleton: Skeleton,
    scorer: str,
    frames: Sequence[dict],
) -> Predictions:
    """Predictions from the entries of frames, as parts hold them.

    Args:
        frames (list[dict]): ``frame``, ``name``, ``size``, maybe ``error``, and ``persons``:
            dicts with ``person``, ``bbox``, ``score``, ``keypoints`` (K pairs) and
            ``scores``.
    """
    joints = len(skeleton.joints)
    infos = [
        FrameInfo(
            entry['frame'],
            entry['name'],
            tuple(entry['size']) if entry['size'] else None,
            entry.get('error', ''),
        )
        for entry in frames
    ]
    people = [(index, each) for index, entry in enumerate(frames) for each in entry['persons']]
    return Predictions(
        name,
        path,
        is_video,
        fps,
        skeleton,
        scorer,
        infos,
        np.array([index for index, _ in people], np.int64),
        np.array([each['person'] for _, each in people], np.int64),
        np.array([each['bbox'] for _, each in people], float).reshape(-1, 4),
        np.array([each['score'] for _, each in people], float),
        np.array([each['keypoints'] for _, each in people], float).reshape(-1, joints, 2),
        np.array([each['scores'] for _, each in people], float).reshape(-1, joints),
    )
