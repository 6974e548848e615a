"""PoseRandAugment: randomly chosen operations on images and, if turned, their joints.

The operations on pixels are torchvision's; those on the same sign and operation run on
all images of a batch that drew them at once.
"""

from typing import Optional, Sequence

import cv2
import numpy as np
import torch
import torchvision.transforms.functional as F
from mmpose.registry import TRANSFORMS
from torch import Tensor

from ...geometry import affine
from ...geometry.random import seeded_uniforms
from .hard_augmentation import HardAugmentation

MAX_MAGNITUDE = 30
# Each takes uint8 RGB images (n, 3, H, W) and a signed strength in [-1, 1].
OPERATIONS = {
    'AutoContrast': lambda images, s: F.autocontrast(images),
    'Equalize': lambda images, s: F.equalize(images),
    'Invert': lambda images, s: F.invert(images),
    'Posterize': lambda images, s: F.posterize(images, 8 - round(4 * abs(s))),
    'Solarize': lambda images, s: F.solarize(images, 255 * (1 - abs(s))),
    'Color': lambda images, s: F.adjust_saturation(images, 1 + 0.9 * s),
    'Contrast': lambda images, s: F.adjust_contrast(images, 1 + 0.9 * s),
    'Brightness': lambda images, s: F.adjust_brightness(images, 1 + 0.9 * s),
    'Sharpness': lambda images, s: F.adjust_sharpness(images, 1 + 0.9 * s),
}
ROTATE = 'Rotate'
MAX_ROTATION = 30.0  # degrees


# What the camera of a crop does not know
TURNED = (
    "Rotate of PoseRandAugment turns the image under its camera's intrinsics; leave "
    'it out of ops where InputCamera is, and rotate by RandomBBoxTransform'
)


@TRANSFORMS.register_module()
class PoseRandAugment(HardAugmentation):
    """RandAugment for poses (Cubuk20; "RA 20" of Xie21, Sec. 3.3; Feng23, Sec. 4.1).

    Each image takes ``num_ops`` operations, drawn with repetition, in the order drawn.
    In a pipeline it stands after the cropping transform (``TopdownAffine``), and
    ``Rotate`` turns the joints with the image. In the estimators of this package,
    :meth:`augment` runs on the batch and leaves ``Rotate`` out: there the hard view's
    map does the geometry.

    Required keys in a pipeline: ``img``, ``transformed_keypoints``. Modified keys:
    the same.

    Args:
        num_ops (int): Operations for each image.
        magnitude (float): Strength out of 30.
        ops (Sequence[str]): Which; by default the ten of Feng23: ``Rotate`` (up to
            30°), ``AutoContrast``, ``Equalize``, ``Invert``, ``Posterize``,
            ``Solarize``, ``Color``, ``Contrast``, ``Brightness``, ``Sharpness``.
        prob (float): Share of images that are treated.

    Raises:
        ValueError: An unknown operation or a setting out of range.
    """

    stream = 'rand_augment'

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: float = 20,
        ops: Sequence[str] = (ROTATE,) + tuple(OPERATIONS),
        prob: float = 1.0,
    ):
        unknown = [op for op in ops if op != ROTATE and op not in OPERATIONS]
        if unknown or not ops:
            raise ValueError(
                f'unknown operations {unknown}; there are {[ROTATE] + list(OPERATIONS)}'
            )
        if num_ops < 1 or not 0 <= magnitude <= MAX_MAGNITUDE or not 0 <= prob <= 1:
            raise ValueError(
                'num_ops must be at least 1, magnitude in [0, 30], prob '
                f'in [0, 1]; got {num_ops}, {magnitude}, {prob}'
            )
        self.num_ops = num_ops
        self.magnitude = magnitude
        self.ops = list(ops)
        self.prob = prob
        self.mean: Optional[Tensor] = None
        self.std: Optional[Tensor] = None

    def set_normalization(self, mean: Optional[Tensor], std: Optional[Tensor]) -> None:
        """Take the data preprocessor's mean and std of RGB images, (3, 1, 1).

        An estimator does so when it is built, for :meth:`augment`.

        Raises:
            ValueError: There is no operation on pixels.
        """
        self._on_pixels()
        self.mean, self.std = mean, std

    def _on_pixels(self) -> list:
        names = [op for op in self.ops if op != ROTATE]
        if not names:
            raise ValueError(
                f'on a batch, PoseRandAugment needs an operation on pixels; got ops={self.ops}'
            )
        return names

    def augment(self, images: Tensor, keypoints: Optional[Tensor], seeds: np.ndarray) -> Tensor:
        """See :meth:`HardAugmentation.augment`; images are RGB, (B, 3, H, W)."""
        names = self._on_pixels()
        mean = 0 if self.mean is None else self.mean.to(images)
        std = 1 if self.std is None else self.std.to(images)
        pixels = (images * std + mean).round().clamp(0, 255).to(torch.uint8)
        draws = seeded_uniforms(seeds, 2 * self.num_ops + 1, self.stream)
        treated = draws[:, -1] < self.prob
        for number in range(self.num_ops):
            op = (draws[:, 2 * number] * len(names)).astype(int)
            negative = draws[:, 2 * number + 1] < 0.5
            for index, name in enumerate(names):
                for sign in (False, True):
                    chosen = np.flatnonzero(treated & (op == index) & (negative == sign))
                    if len(chosen):
                        chosen = torch.from_numpy(chosen).to(images.device)
                        strength = (-1 if sign else 1) * self.magnitude / MAX_MAGNITUDE
                        pixels[chosen] = OPERATIONS[name](pixels[chosen], strength)
        changed = (pixels.to(images) - mean) / std
        keep = torch.from_numpy(~treated).to(images.device)[:, None, None, None]
        return torch.where(keep, images, changed)

    def transform(self, results: dict) -> dict:
        """The pipeline form; draws from NumPy's global state."""
        if np.random.rand() >= self.prob:
            return results
        if 'transformed_keypoints' not in results:
            raise KeyError(
                'PoseRandAugment stands after TopdownAffine in a pipeline: '
                'it needs "transformed_keypoints"'
            )
        for _ in range(self.num_ops):
            name = self.ops[np.random.randint(len(self.ops))]
            strength = self.magnitude / MAX_MAGNITUDE * np.random.choice((-1, 1))
            if name == ROTATE:
                self._rotate(results, strength * MAX_ROTATION)
            else:
                # MMPose's pipelines hold BGR
                image = np.ascontiguousarray(results['img'][..., ::-1].transpose(2, 0, 1))
                image = OPERATIONS[name](torch.from_numpy(image)[None], strength)[0]
                results['img'] = np.ascontiguousarray(image.numpy().transpose(1, 2, 0)[..., ::-1])
        return results

    @staticmethod
    def _rotate(results: dict, degrees: float) -> None:
        if 'input_K' in results:
            raise ValueError(TURNED)
        results['input_turned'] = True  # InputCamera looks
        height, width = results['img'].shape[:2]
        matrix = affine.similarity(
            torch.tensor([degrees], dtype=torch.float64),
            torch.ones(1, dtype=torch.float64),
            (width, height),
        )
        results['img'] = cv2.warpAffine(
            results['img'], matrix[0].numpy(), (width, height), flags=cv2.INTER_LINEAR
        )
        keypoints = results['transformed_keypoints']
        turned = affine.transform_points(
            matrix, torch.from_numpy(keypoints[..., :2]).double()
        ).numpy()
        keypoints = keypoints.copy()
        keypoints[..., :2] = turned
        results['transformed_keypoints'] = keypoints

    def __repr__(self):
        return (
            f'{type(self).__name__}(num_ops={self.num_ops}, '
            f'magnitude={self.magnitude}, ops={self.ops}, prob={self.prob})'
        )
