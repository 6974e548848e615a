"""JointCutout: squares that cover randomly chosen joints (Xie21, Sec. 4.1)."""

from typing import Sequence, Tuple

import numpy as np
import torch
from mmpose.registry import TRANSFORMS
from torch import Tensor

from .hard_augmentation import HardAugmentation


def checked_half_size(half_size: Sequence[float]) -> Tuple[float, float]:
    """The smallest and largest half side of squares; a ValueError unless they are such."""
    if len(half_size) != 2 or not 0 < half_size[0] <= half_size[1]:
        raise ValueError(
            f'half_size is (smallest, largest) with 0 < smallest <= largest; got {half_size}'
        )
    return tuple(half_size)


def sample_squares(
    keypoints: Tensor,
    usable: Tensor,
    draws: Tensor,
    num_joints: int,
    half_size: Tuple[float, float],
    jitter: float,
) -> Tuple[Tensor, Tensor, Tensor]:
    """Choose joints without repetition, and a jittered square around each.

    Args:
        keypoints (Tensor): Pixels, (B, K, 2).
        usable (Tensor): Joints that may be chosen, bool (B, K).
        draws (Tensor): Uniform numbers in [0, 1), (B, K, 4): order, dx, dy, size.
        num_joints (int): Squares for each image; fewer where fewer are usable.
        half_size (tuple): Smallest and largest half side, pixels.
        jitter (float): Largest shift of a centre in x and in y, pixels.

    Returns:
        tuple: Centres (B, n, 2), half sides (B, n) and, bool (B, n), which of the
        squares exist.
    """
    num = min(num_joints, keypoints.shape[1])
    order = draws[..., 0].masked_fill(~usable, 2.0)
    chosen = order.argsort(1)[:, :num]
    exists = usable.gather(1, chosen)
    pick = chosen[..., None].expand(-1, -1, 4)
    picked = draws.gather(1, pick)
    centers = keypoints.gather(1, pick[..., :2]) + (2 * picked[..., 1:3] - 1) * jitter
    halves = half_size[0] + (half_size[1] - half_size[0]) * picked[..., 3]
    return centers, halves, exists


def squares_mask(centers: Tensor, halves: Tensor, exists: Tensor, size: Tuple[int, int]) -> Tensor:
    """Pixels covered by any of the squares.

    Args:
        centers, halves, exists: As :func:`sample_squares` returns them.
        size (tuple): Image size (W, H).

    Returns:
        Tensor: bool (B, 1, H, W).
    """
    width, height = size
    x = torch.arange(width, device=centers.device)
    y = torch.arange(height, device=centers.device)
    in_x = (x - centers[..., 0:1]).abs() <= halves[..., None]
    in_y = ((y - centers[..., 1:2]).abs() <= halves[..., None]) & exists[..., None]
    return (in_y[..., :, None] & in_x[..., None, :]).any(1, keepdim=True)


@TRANSFORMS.register_module()
class JointCutout(HardAugmentation):
    """Cover ``num_joints`` random joints of an image by squares ("JC 5", Xie21).

    In a pipeline it covers annotated joints that are visible; it stands after the
    cropping transform (``TopdownAffine``). In the estimators of this package,
    :meth:`augment` covers the joints that the network in training predicts on the easy
    view. Sizes are given for an input 256 pixels high and scale with the height.

    Required keys in a pipeline: ``img``, ``transformed_keypoints``,
    ``keypoints_visible``. Modified key: ``img``.

    Args:
        num_joints (int): Joints to cover, drawn without repetition.
        half_size (Sequence[float]): Smallest and largest half side of a square.
        jitter (float): Largest shift of a square's centre in x and in y.
        fill (float): What covers the joints: in a pipeline a pixel value, in
            :meth:`augment` a value of the normalised image (0 is the mean colour).
        prob (float): Share of images that are treated.

    Raises:
        ValueError: A setting out of range.
    """

    uses_keypoints = True
    stream = 'joint_cutout'

    def __init__(
        self,
        num_joints: int = 5,
        half_size: Sequence[float] = (10, 20),
        jitter: float = 10.0,
        fill: float = 0.0,
        prob: float = 1.0,
    ):
        if num_joints < 1:
            raise ValueError(f'num_joints must be at least 1; got {num_joints}')
        if jitter < 0 or not 0 <= prob <= 1:
            raise ValueError(f'jitter must be >= 0 and prob in [0, 1]; got {jitter} and {prob}')
        self.num_joints = num_joints
        self.half_size = checked_half_size(half_size)
        self.jitter = jitter
        self.fill = fill
        self.prob = prob

    def mask(
        self, keypoints: Tensor, usable: Tensor, seeds: np.ndarray, size: Tuple[int, int]
    ) -> Tensor:
        """Pixels to cover, bool (B, 1, H, W), for keypoints (B, K, 2) in pixels.

        Joints outside the image are never chosen. The same seeds give the same mask.
        """
        width, height = size
        count = keypoints.shape[1]
        draws = self.draws(seeds, 4 * count + 1, keypoints)
        inside = (keypoints >= 0) & (keypoints <= keypoints.new_tensor(size) - 1)
        treated = draws[:, -1:] < self.prob
        unit = height / 256
        squares = sample_squares(
            keypoints.float(),
            usable & inside.all(-1) & treated,
            draws[:, :-1].unflatten(1, (count, 4)),
            self.num_joints,
            (self.half_size[0] * unit, self.half_size[1] * unit),
            self.jitter * unit,
        )
        return squares_mask(*squares, size=size)

    def augment(self, images: Tensor, keypoints: Tensor, seeds: np.ndarray) -> Tensor:
        """See :meth:`HardAugmentation.augment`."""
        size = (images.shape[-1], images.shape[-2])
        usable = torch.ones_like(keypoints[..., 0], dtype=torch.bool)
        return images.masked_fill(self.mask(keypoints, usable, seeds, size), self.fill)

    def transform(self, results: dict) -> dict:
        """The pipeline form; draws from NumPy's global state."""
        image = results['img']
        if 'transformed_keypoints' not in results:
            raise KeyError(
                'JointCutout stands after TopdownAffine in a pipeline: it '
                'needs "transformed_keypoints"'
            )
        keypoints = torch.from_numpy(results['transformed_keypoints'][..., :2]).float()
        visible = np.asarray(results['keypoints_visible'])
        visible = visible[..., 0] if visible.ndim == 3 else visible
        seeds = np.random.randint(0, 2**31, len(keypoints))
        masks = self.mask(
            keypoints, torch.from_numpy(visible > 0), seeds, (image.shape[1], image.shape[0])
        )
        image = image.copy()
        image[masks.any(0)[0].numpy()] = self.fill
        results['img'] = image
        return results

    def __repr__(self):
        return (
            f'{type(self).__name__}(num_joints={self.num_joints}, '
            f'half_size={self.half_size}, jitter={self.jitter}, '
            f'fill={self.fill}, prob={self.prob})'
        )
