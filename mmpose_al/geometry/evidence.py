"""How much stands behind a triangulated keypoint: weights of views, and grades.

A view that is sure of a keypoint counts for more in the fit than one that is not, and a point
that three views agree on is worth more than one that two agree on: with two, an error along
the line between the rays shows in neither view.
"""

from enum import IntEnum
from typing import Optional

import torch
from torch import Tensor

from . import WEIGHTS
from .triangulation import Status

SURE = 3  # views that agree


class Grade(IntEnum):
    """What became of a keypoint, with two views apart from more; numbers as in Status."""

    OK = int(Status.OK)  # three views or more agree
    TOO_FEW_VIEWS = int(Status.TOO_FEW_VIEWS)
    NO_CONSENSUS = int(Status.NO_CONSENSUS)
    DEGENERATE = int(Status.DEGENERATE)
    TWO_VIEWS = 4  # two views agree, and no third one checks them


def view_weights(scores: Optional[Tensor], weights: Optional[str]) -> Optional[Tensor]:
    """Weights of views for a fit, from the confidence of their keypoints.

    Args:
        scores (Tensor, optional): Any shape; below 0 counts as 0. None: nothing is known.
        weights (str, optional): ``'confidence2'``: the square, ``'confidence'``: as it is,
            None: all views alike.

    Returns:
        Tensor: As ``scores``; None where all views weigh alike. A view with the weight 0
        takes no part in a triangulation.

    Raises:
        ValueError: An unknown name.
    """
    if weights not in WEIGHTS:
        raise ValueError(f'weights is one of {WEIGHTS}; got {weights!r}')
    if weights is None or scores is None:
        return None
    confidence = scores.clamp(min=0)
    return confidence * confidence if weights == 'confidence2' else confidence


def grades(status: Tensor, inliers: Tensor) -> Tensor:
    """The :class:`Grade` of keypoints.

    Args:
        status (Tensor): Status of a robust triangulation, shape (...).
        inliers (Tensor): Views that agree, bool (..., V).

    Returns:
        Tensor: int8, shape (...).
    """
    two = (status == int(Status.OK)) & (inliers.sum(-1) < SURE)
    return torch.where(two, torch.full_like(status, int(Grade.TWO_VIEWS)), status)
