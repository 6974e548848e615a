"""Squares on the images of a batch: cut-occlude, cutout, cutmix (Yu24; MultiAugs).

Notation: batch size B, keypoints K, patches n, image size (W, H). Sizes of squares are
given for an image 256 pixels high and scale with the height.
"""

from typing import Optional, Sequence, Tuple

import numpy as np
import torch
from mmpose.registry import TRANSFORMS
from torch import Tensor

from .hard_augmentation import HardAugmentation
from .joint_cutout import checked_half_size, sample_squares, squares_mask


def partners(draws: Tensor) -> Tensor:
    """Another image of the batch for each image.

    Args:
        draws (Tensor): Uniform numbers in [0, 1), (B, ).

    Returns:
        Tensor: Indices (B, ), never an image's own; 0 for a batch of one.
    """
    num = len(draws)
    step = 1 + (draws * max(num - 1, 1)).long().clamp(max=max(num - 2, 0))
    return (torch.arange(num, device=draws.device) + step) % num


def paste(
    images: Tensor,
    sources: Tensor,
    centers: Tensor,
    from_centers: Tensor,
    halves: Tensor,
    exists: Tensor,
) -> Tensor:
    """Copy square patches of other images onto images.

    Args:
        images (Tensor): Shape (B, C, H, W).
        sources (Tensor): The image that each takes from, (B, C, H, W).
        centers, from_centers (Tensor): Where to and where from, pixels, (B, n, 2).
        halves (Tensor): Half sides, (B, n).
        exists (Tensor): Patches that are there, bool (B, n).

    Returns:
        Tensor: Shape (B, C, H, W). Pixels from outside a source are left as they are.
    """
    num, channels, height, width = images.shape
    y, x = torch.meshgrid(
        torch.arange(height, device=images.device),
        torch.arange(width, device=images.device),
        indexing='ij',
    )
    shifts = (from_centers - centers).round().long()
    for patch in range(centers.shape[1]):
        inside = squares_mask(
            centers[:, patch : patch + 1],
            halves[:, patch : patch + 1],
            exists[:, patch : patch + 1],
            (width, height),
        )[:, 0]
        from_x = x + shifts[:, patch, 0, None, None]
        from_y = y + shifts[:, patch, 1, None, None]
        known = (from_x >= 0) & (from_x < width) & (from_y >= 0) & (from_y < height)
        index = from_y.clamp(0, height - 1) * width + from_x.clamp(0, width - 1)
        taken = (
            sources.flatten(2)
            .gather(2, index.flatten(1)[:, None].expand(-1, channels, -1))
            .view_as(images)
        )
        images = torch.where((inside & known)[:, None], taken, images)
    return images


class _Squares(HardAugmentation):
    """Shared by the patch augmentations of a batch.

    Args:
        num (int): Squares for each image.
        half_size (Sequence[float]): Smallest and largest half side of a square.
    """

    def __init__(self, num: int, half_size: Sequence[float]):
        if num < 1:
            raise ValueError(f'the number of squares must be at least 1; got {num}')
        self.num = num
        self.half_size = checked_half_size(half_size)

    def _halves(self, draws: Tensor, height: int) -> Tensor:
        low, high = (half * height / 256 for half in self.half_size)
        return low + (high - low) * draws

    def _anywhere(self, images: Tensor, draws: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        """Squares at random places from draws (B, n, 3)."""
        height, width = images.shape[-2:]
        centers = draws[..., :2] * draws.new_tensor([width - 1, height - 1])
        halves = self._halves(draws[..., 2], height)
        return centers, halves, torch.ones_like(halves, dtype=torch.bool)

    def __repr__(self):
        return f'{type(self).__name__}(num={self.num}, half_size={self.half_size})'


@TRANSFORMS.register_module()
class JointCutOcclude(_Squares):
    """Paste patches around joints of another image over joints ("JO", Cut-Occlude).

    A square around a predicted joint is replaced by the square around a predicted joint
    of another image of the batch.

    Args:
        num_joints (int): Joints to cover, drawn without repetition.
        half_size (Sequence[float]): Smallest and largest half side of a square.
        jitter (float): Largest shift of a square's centre in x and in y.

    Raises:
        ValueError: A setting out of range.
    """

    uses_keypoints = True
    uses_other_images = True

    def __init__(
        self, num_joints: int = 2, half_size: Sequence[float] = (10, 20), jitter: float = 0.0
    ):
        super().__init__(num_joints, half_size)
        if jitter < 0:
            raise ValueError(f'jitter must be >= 0; got {jitter}')
        self.jitter = jitter

    def augment(self, images: Tensor, keypoints: Tensor, seeds: np.ndarray) -> Tensor:
        """See :meth:`HardAugmentation.augment`."""
        num, count = keypoints.shape[:2]
        if num < 2:
            return images
        height, width = images.shape[-2:]
        draws = self.draws(seeds, 5 * count + 1, images)
        other = partners(draws[:, -1])
        order = draws[:, 4 * count : 5 * count]
        limit = keypoints.new_tensor([width, height]) - 1
        usable = ((keypoints >= 0) & (keypoints <= limit)).all(-1)
        unit = height / 256
        centers, halves, exists = sample_squares(
            keypoints.float(),
            usable,
            draws[:, : 4 * count].unflatten(1, (count, 4)),
            self.num,
            tuple(half * unit for half in self.half_size),
            self.jitter * unit,
        )
        picked = order.masked_fill(~usable[other], 2.0).argsort(1)[:, : self.num]
        exists = exists & usable[other].gather(1, picked)
        from_centers = keypoints[other].gather(1, picked[..., None].expand(-1, -1, 2)).float()
        return paste(images, images[other], centers, from_centers, halves, exists)


@TRANSFORMS.register_module()
class RandomCutout(_Squares):
    """Cover squares at random places ("CO", DeVries17).

    Args:
        num_holes (int): Squares for each image.
        half_size (Sequence[float]): Smallest and largest half side of a square.
        fill (float): Value of the normalised image that covers (0: the mean colour).
    """

    def __init__(
        self, num_holes: int = 5, half_size: Sequence[float] = (10, 20), fill: float = 0.0
    ):
        super().__init__(num_holes, half_size)
        self.fill = fill

    def augment(self, images: Tensor, keypoints: Optional[Tensor], seeds: np.ndarray) -> Tensor:
        """See :meth:`HardAugmentation.augment`."""
        draws = self.draws(seeds, 3 * self.num, images).unflatten(1, (self.num, 3))
        size = (images.shape[-1], images.shape[-2])
        mask = squares_mask(*self._anywhere(images, draws), size=size)
        return images.masked_fill(mask, self.fill)


@TRANSFORMS.register_module()
class RandomCutMix(_Squares):
    """Replace squares at random places by the same squares of another image ("CM").

    Args:
        num_patches (int): Squares for each image.
        half_size (Sequence[float]): Smallest and largest half side of a square.
    """

    uses_other_images = True

    def __init__(self, num_patches: int = 2, half_size: Sequence[float] = (10, 20)):
        super().__init__(num_patches, half_size)

    def augment(self, images: Tensor, keypoints: Optional[Tensor], seeds: np.ndarray) -> Tensor:
        """See :meth:`HardAugmentation.augment`."""
        if len(images) < 2:
            return images
        draws = self.draws(seeds, 3 * self.num + 1, images)
        squares = self._anywhere(images, draws[:, :-1].unflatten(1, (self.num, 3)))
        mask = squares_mask(*squares, size=(images.shape[-1], images.shape[-2]))
        return torch.where(mask, images[partners(draws[:, -1])], images)
