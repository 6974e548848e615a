"""Views of the images of a batch, made on the device with known transforms."""

from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from mmpose.registry import TRANSFORMS
from scipy.special import betaincinv
from torch import Tensor

from ..geometry import affine
from ..geometry.random import seeded_uniforms


class View(NamedTuple):
    """How a view was made from the easy image.

    Attributes:
        matrix (Tensor): Maps from easy pixels to the view's pixels, (B, 2, 3).
        flip (Tensor): Whether the view is mirrored, bool (B, ).
    """

    matrix: Tensor
    flip: Tensor


def easy_view(num: int, like: Tensor) -> View:
    """The easy image itself, ``num`` times, on the device of ``like``."""
    matrix = torch.eye(2, 3, device=like.device).expand(num, 2, 3)
    return View(matrix, torch.zeros(num, dtype=torch.bool, device=like.device))


def swap_sides(values: Tensor, mirrored: Tensor, flip_indices: Sequence[int]) -> Tensor:
    """Left and right joints exchanged where a view is mirrored.

    Args:
        values (Tensor): Of joints, (..., K, *rest); the leading axes are those of ``mirrored``.
        mirrored (Tensor): Which views are, bool (...).
        flip_indices (Sequence[int]): The channel of each joint's mirror image.
    """
    axis = mirrored.dim()
    index = torch.tensor(list(flip_indices), device=values.device)
    chosen = mirrored.reshape(mirrored.shape + (1,) * (values.dim() - axis))
    return torch.where(chosen, values.index_select(axis, index), values)


def carry(
    heatmaps: Tensor,
    source: View,
    target: View,
    scale_factor,
    flip_indices: Sequence[int],
    offset: float = 0.0,
) -> Tuple[Tensor, Tensor]:
    """Bring heatmaps of one view into the frame of another (T of Xie21, Eq. 4).

    Args:
        heatmaps (Tensor): Of ``source``, (B, K, h, w).
        source, target (View): Views of the same images.
        scale_factor (Sequence): Input pixels per heatmap pixel, see
            :func:`~mmpose_al.geometry.affine.rescale`.
        flip_indices (Sequence[int]): The channel of each joint's mirror image.
        offset (float): Of the heatmap's grid, see the same.

    Returns:
        tuple: Heatmaps in the frame of ``target``, (B, K, h, w), and which of its
        pixels ``source`` saw, 0 or 1, (B, 1, h, w). No view sees beyond the easy
        image: all are made from it, and what surrounds it there is padding.
    """
    size = (heatmaps.shape[-1], heatmaps.shape[-2])
    image = affine.valid_mask(affine.rescale(target.matrix, scale_factor, offset), size)
    if target is source:
        return heatmaps, image
    between = affine.compose(target.matrix, affine.invert(source.matrix))
    on_heatmap = affine.rescale(between, scale_factor, offset)
    carried = swap_sides(affine.warp(heatmaps, on_heatmap), source.flip ^ target.flip, flip_indices)
    return carried, image * affine.valid_mask(on_heatmap, size)


def carry_keypoints(
    places: Tensor, confidence: Tensor, source: View, target: View, flip_indices: Sequence[int]
) -> Tuple[Tensor, Tensor]:
    """Bring joints of one view into the frame of another, left and right with them.

    Args:
        places (Tensor): Pixels of ``source``, (B, K, 2).
        confidence (Tensor): Of each joint, (B, K).
        source, target (View): Views of the same images.
        flip_indices (Sequence[int]): The channel of each joint's mirror image.

    Returns:
        tuple: Places in pixels of ``target``, wherever they lie, and their confidence.
    """
    between = affine.compose(target.matrix, affine.invert(source.matrix))
    carried = affine.transform_points(between.to(places), places)
    mirrored = source.flip ^ target.flip
    return (
        swap_sides(carried, mirrored, flip_indices),
        swap_sides(confidence, mirrored, flip_indices),
    )


def shows(places: Tensor, source: View, target: View, size: Tuple[int, int]) -> Tensor:
    """Whether one view shows what lies at places of another.

    Args:
        places (Tensor): Pixels of ``source``, (B, K, 2).
        source, target (View): Views of the same images.
        size (tuple): Of the images, (W, H).

    Returns:
        Tensor: bool (B, K): inside the target, and inside the easy image, beyond which there
        is padding.
    """
    easy = affine.transform_points(affine.invert(source.matrix).to(places), places)
    there = affine.transform_points(target.matrix.to(places), easy)
    last, rounding = places.new_tensor(size) - 1, 1e-3
    each = torch.stack([easy, there])
    return ((each >= -rounding) & (each <= last + rounding)).all(-1).all(0)


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
        beta (Sequence[float], optional): Draw angle and scale through a Beta
            distribution with these α and β over their range, e.g. (0.75, 0.75), which
            prefers the ends (Yu24, Sec. 4.2). Uniform by default.

    Raises:
        ValueError: Limits out of order or out of range.
    """

    def __init__(
        self,
        rotation: float = 60.0,
        scale: Sequence[float] = (0.5, 1.5),
        flip_prob: float = 0.0,
        beta: Optional[Sequence[float]] = None,
    ):
        if rotation < 0:
            raise ValueError(f'rotation is the largest angle, >= 0; got {rotation}')
        if len(scale) != 2 or not 0 < scale[0] <= scale[1]:
            raise ValueError(
                f'scale is (smallest, largest) with 0 < smallest <= largest; got {scale}'
            )
        if not 0 <= flip_prob <= 1:
            raise ValueError(f'flip_prob lies in [0, 1]; got {flip_prob}')
        if beta is not None and (len(beta) != 2 or min(beta) <= 0):
            raise ValueError(f'beta is (α, β), both above 0; got {beta}')
        self.beta = None if beta is None else tuple(beta)
        self.rotation = rotation
        self.scale = tuple(scale)
        self.flip_prob = flip_prob

    def sample(
        self, seeds: np.ndarray, size: Tuple[int, int], like: Tensor, stream: str = 'view'
    ) -> View:
        """Draw one map for each seed.

        Args:
            seeds (np.ndarray): One integer an image, shape (B, ).
            size (tuple): Image size (W, H).
            like (Tensor): Gives the device.
            stream (str): Another name gives another, independent view.

        Returns:
            View: Maps from the image to its view in float32.
        """
        draws = seeded_uniforms(seeds, 3, stream)
        if self.beta is not None:
            draws[:, :2] = betaincinv(*self.beta, draws[:, :2])
        draws = torch.from_numpy(draws).to(like.device, torch.float32)
        low, high = self.scale
        flip = draws[:, 2] < self.flip_prob
        matrix = affine.similarity(
            (2 * draws[:, 0] - 1) * self.rotation, low + (high - low) * draws[:, 1], size, flip
        )
        return View(matrix, flip)

    def __repr__(self):
        return (
            f'{type(self).__name__}(rotation={self.rotation}, scale={self.scale}, '
            f'flip_prob={self.flip_prob}, beta={self.beta})'
        )
