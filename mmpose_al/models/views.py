"""Views of the images of a batch, made on the device with known transforms."""
from typing import Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from mmpose.registry import TRANSFORMS

from ..geometry import affine
from ..geometry.random import seeded_uniforms


@TRANSFORMS.register_module()
class AffineViews:
    """Random rotation and scale about the image centre, in pixel space.

    "Affine 60" of Xie21 (Sec. 4.1) by default: rotation in [-60°, 60°], scale in
    [0.5, 1.5]; "Affine 30" is ``rotation=30, scale=(0.75, 1.25)``.

    Args:
        rotation (float): Largest angle in degrees, both ways.
        scale (Sequence[float]): Smallest and largest scale.
        flip_prob (float): How often a view is mirrored. The estimators then swap the
            channels of left and right joints as well.

    Raises:
        ValueError: Limits out of order or out of range.
    """

    def __init__(self,
                 rotation: float = 60.0,
                 scale: Sequence[float] = (0.5, 1.5),
                 flip_prob: float = 0.0):
        if rotation < 0:
            raise ValueError(f'rotation is the largest angle, >= 0; got {rotation}')
        if len(scale) != 2 or not 0 < scale[0] <= scale[1]:
            raise ValueError('scale is (smallest, largest) with 0 < smallest <= '
                             f'largest; got {scale}')
        if not 0 <= flip_prob <= 1:
            raise ValueError(f'flip_prob lies in [0, 1]; got {flip_prob}')
        self.rotation = rotation
        self.scale = tuple(scale)
        self.flip_prob = flip_prob

    def sample(self, seeds: np.ndarray, size: Tuple[int, int], like: Tensor,
               stream: str = 'view') -> Tuple[Tensor, Tensor]:
        """Draw one map for each seed.

        Args:
            seeds (np.ndarray): One integer an image, shape (B, ).
            size (tuple): Image size (W, H).
            like (Tensor): Gives the device.
            stream (str): Another name gives another, independent view.

        Returns:
            tuple: Maps from the image to its view, float32 (B, 2, 3), and whether
            each was mirrored, bool (B, ).
        """
        draws = seeded_uniforms(seeds, 3, stream)
        draws = torch.from_numpy(draws).to(like.device, torch.float32)
        low, high = self.scale
        flip = draws[:, 2] < self.flip_prob
        matrix = affine.similarity((2 * draws[:, 0] - 1) * self.rotation,
                                   low + (high - low) * draws[:, 1], size, flip)
        return matrix, flip

    def __repr__(self):
        return (f'{type(self).__name__}(rotation={self.rotation}, '
                f'scale={self.scale}, flip_prob={self.flip_prob})')
