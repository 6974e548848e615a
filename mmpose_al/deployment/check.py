"""Whether an exported file says what the model says.

Flow: images through the model's own ``test_step`` -> what its head decodes -> the same images
through the file -> values and decoded joints compared. A file that differs is refused.
"""

from typing import Any, Callable, List, NamedTuple, Sequence, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmpose.registry import DATASETS
from torch import Tensor, nn

from ..models.semi.joint_ensembles import recorded_decoding
from ..prediction.boxes import Box
from ..prediction.estimator import Estimator
from .network import PIXELS, DeployedNetwork, predicting

VALUES = 1e-4  # largest difference of values, over their largest where that is above 1
JOINTS = 0.01  # largest difference of joints, in pixels of the input
DRAWS = 16  # of noise, to find joints that noise decides

Run = Callable[[np.ndarray], List[np.ndarray]]


class Agreement(NamedTuple):
    """How far a file and a model are apart.

    Attributes:
        images (int): Their number.
        values (float): Largest difference of what is decoded.
        scale (float): Largest of these values, at least 1.
        joints (float): Largest difference of decoded joints, pixels of the input.
        undecided (int): Joints left out, for noise of that size moves them in PyTorch too:
            two places of a map are the highest.
        total (int): All joints.
    """

    images: int
    values: float
    scale: float
    joints: float
    undecided: int
    total: int

    @property
    def fault(self) -> str:
        """Why the file is refused; '' if it is not."""
        if not self.values <= VALUES * self.scale:  # not a number is no agreement
            return f'values differ by {self.values:.2g}, and {VALUES * self.scale:.2g} is allowed'
        if not self.joints <= JOINTS:
            return f'joints differ by {self.joints:.3g} px, and {JOINTS} px is allowed'
        return ''

    def __str__(self) -> str:
        text = f'values differ by at most {self.values:.1e}, joints by {self.joints:.4f} px'
        if self.undecided:
            text += (
                f'; {self.undecided} of {self.total} joints are left out, whose map has no '
                'single highest place'
            )
        return text


def check_samples(config: Config, estimator: Estimator, number: int) -> Tuple[List[dict], str]:
    """Inputs of the network to check with, and what they are, in words.

    Args:
        config (Config): Its test data are taken, spread evenly.
        estimator (Estimator): Makes inputs of noise where the data are not there.
        number (int): How many.
    """
    try:
        dataset = DATASETS.build(config.test_dataloader.dataset)
        chosen = np.linspace(0, len(dataset) - 1, min(number, len(dataset))).round().astype(int)
        samples = [dataset[int(index)] for index in chosen]
        if samples and None not in samples:
            return samples, f'{len(samples)} images of the test data'
        reason = 'none can be read'
    except Exception as error:  # data sets raise what they like
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    width, height = 256, 192
    random = np.random.RandomState(0)
    images = random.randint(0, 256, (number, height, width, 3)).astype(np.uint8)
    box = [Box(0, [0.0, 0.0, float(width), float(height)], 1.0)]
    samples = [estimator.prepare(image, box)[0] for image in images]
    return samples, f'{number} images of noise, for want of test data ({reason})'


@torch.no_grad()
def of_model(model: nn.Module, samples: Sequence[dict]) -> Tuple[Tensor, ...]:
    """What a model decodes in a test, of N inputs of its pipeline."""
    with recorded_decoding(predicting(model)[0].head) as outputs:
        model.test_step(pseudo_collate(list(samples)))
    return outputs[-1]


def compare(
    network: DeployedNetwork, model: nn.Module, run: Run, samples: Sequence[dict]
) -> Agreement:
    """Compare a file with the model, image by image and in a batch.

    Args:
        network (DeployedNetwork): What was written.
        model (nn.Module): What it was made of, its flip test off.
        run (Callable): The file.
        samples (list[dict]): N inputs of :func:`check_samples`.

    Raises:
        ValueError: The file does not run.
    """
    pixels = torch.stack([sample['inputs'] for sample in samples]).float()
    images = (pixels if network.takes == PIXELS else _preprocessed(model, samples)).numpy()
    expected = of_model(model, samples)
    try:
        alone = [run(images[index : index + 1]) for index in range(len(images))]
        each = [run(images), [np.concatenate(parts) for parts in zip(*alone)]]
    except Exception as error:  # the runtimes have their own
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f'the file does not run: {reason}') from None
    values = max(_apart(found, expected) for found in each)
    scale = max(1.0, *(float(part.abs().max()) for part in expected))
    joints = decoded(network.head, expected)
    if not values <= VALUES * scale:
        return Agreement(len(images), values, scale, float('inf'), 0, joints[..., 0].size)
    moved = np.stack([decoded(network.head, _tensors(found)) - joints for found in each])
    distance = np.abs(moved).max((0, -1))
    by_noise = undecided(network.head, expected, values)
    return Agreement(
        len(images),
        values,
        scale,
        float(distance[~by_noise].max(initial=0)),
        int((distance[by_noise] > JOINTS).sum()),
        distance.size,
    )


def _preprocessed(model: nn.Module, samples: Sequence[dict]) -> Tensor:
    return model.data_preprocessor(pseudo_collate(list(samples)), False)['inputs']


def _tensors(parts: Sequence[np.ndarray]) -> Tuple[Tensor, ...]:
    return tuple(map(torch.from_numpy, parts))


def _apart(found: Sequence[np.ndarray], expected: Sequence[Tensor]) -> float:
    if [part.shape for part in found] != [tuple(part.shape) for part in expected]:
        return float('inf')
    return max(float(np.abs(one - two.numpy()).max()) for one, two in zip(found, expected))


def decoded(head: nn.Module, outputs: Sequence[Tensor]) -> np.ndarray:
    """Joints of a head's outputs in pixels of the input, float64 (B, K, 2)."""
    copies: Any = tuple(part.clone() for part in outputs)
    instances = head.decode(copies if len(copies) > 1 else copies[0])
    return np.stack([np.asarray(one.keypoints[0], np.float64)[:, :2] for one in instances])


def undecided(head: nn.Module, outputs: Sequence[Tensor], noise: float) -> np.ndarray:
    """Joints (B, K) that noise moves, of twice the difference that was found."""
    joints, generator = decoded(head, outputs), torch.Generator().manual_seed(0)
    result = np.zeros(joints.shape[:2], bool)
    for _ in range(DRAWS if noise else 0):
        drawn = [
            part + (torch.rand(part.shape, generator=generator) - 0.5) * 4 * noise
            for part in outputs
        ]
        result |= np.abs(decoded(head, drawn) - joints).max(-1) > JOINTS
    return result
