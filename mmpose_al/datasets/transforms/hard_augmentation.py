"""HardAugmentation: what makes the easy view of a batch harder, as a base class."""

import inspect
from typing import List, Optional, Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS
from torch import Tensor

from ...geometry.random import seeded_uniforms


class HardAugmentation(BaseTransform):
    """Base of what stands in ``hard_augments`` and ``hard_paths`` of an estimator.

    A subclass is registered in ``TRANSFORMS`` and defines :meth:`augment`. It does not move
    the joints: the hard view's map does the geometry. It draws from :meth:`draws`, so that
    what happens to an image depends on its seed and not on the rank, the worker or the rest
    of the batch. ``docs/extending/augmentation.md`` shows one.

    Attributes:
        uses_keypoints (bool): Whether :meth:`augment` reads where the teacher sees the
            joints. Others get None.
        uses_other_images (bool): Whether an image takes pieces of others of its batch. Then
            a batch of one stays as it is.
        stream (str): Names the random numbers of the class; the class name by default.
    """

    uses_keypoints: bool = False
    uses_other_images: bool = False
    stream: str = ''

    def augment(self, images: Tensor, keypoints: Optional[Tensor], seeds: np.ndarray) -> Tensor:
        """Changed copies of normalised images, on their device; what a subclass defines.

        Args:
            images (Tensor): Shape (B, C, H, W). They are not written to.
            keypoints (Tensor, optional): Where the teacher sees the joints, in pixels of
                these images, (B, K, 2). Joints may lie outside the image or be NaN; such
                joints take no part.
            seeds (np.ndarray): One integer an image, (B, ).

        Returns:
            Tensor: As the images: (B, C, H, W), the same dtype and device.
        """
        raise NotImplementedError(f'{type(self).__name__} does not define augment')

    def set_normalization(self, mean: Optional[Tensor], std: Optional[Tensor]) -> None:
        """Take the data preprocessor's mean and std, (C, 1, 1), once, before any batch.

        For what works on pixel values; nothing is done by default.
        """

    def draws(self, seeds: Sequence[int], count: int, like: Tensor) -> Tensor:
        """Uniform numbers in [0, 1), a function of each image's seed.

        Args:
            seeds (Sequence[int]): One integer an image, (B, ).
            count (int): Numbers for each image.
            like (Tensor): Gives the device.

        Returns:
            Tensor: float32, (B, count).
        """
        uniforms = seeded_uniforms(seeds, count, self.stream or type(self).__name__)
        return torch.from_numpy(uniforms).to(like.device, torch.float32)

    def transform(self, results: dict) -> dict:
        """The pipeline form. There is none, unless a subclass defines it."""
        raise NotImplementedError(
            f'{type(self).__name__} works on a batch; it belongs into hard_augments or '
            'hard_paths of an estimator, not into a pipeline'
        )


def registered_hard_augmentations() -> List[str]:
    """Names in ``TRANSFORMS`` that may stand in a hard path, in order."""
    return sorted(
        name
        for name, kind in TRANSFORMS.module_dict.items()
        if inspect.isclass(kind) and issubclass(kind, HardAugmentation)
    )


def build_hard_path(
    path: Sequence[dict], mean: Optional[Tensor] = None, std: Optional[Tensor] = None
) -> List[HardAugmentation]:
    """The augmentations of one hard path.

    Args:
        path (Sequence[dict]): Their configs, in order.
        mean, std (Tensor, optional): How the images are normalised, (C, 1, 1).

    Raises:
        ValueError: One of them is no :class:`HardAugmentation`.
    """
    augmentations = [TRANSFORMS.build(config) for config in path]
    for augmentation in augmentations:
        if not isinstance(augmentation, HardAugmentation):
            raise ValueError(
                f'{type(augmentation).__name__} does not work on a batch; hard_augments and '
                f'hard_paths hold {", ".join(registered_hard_augmentations())}, or your own '
                'subclass of HardAugmentation (docs/extending/augmentation.md); geometry is '
                'that of hard_view'
            )
        augmentation.set_normalization(mean, std)
    return augmentations
