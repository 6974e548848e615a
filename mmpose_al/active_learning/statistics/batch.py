"""A batch on its way through the pool pass: what several statistics need, computed once.

Notation: batch size B, keypoints K, heatmap size (h, w).
"""

from functools import cached_property
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmpose.codecs import SimCCLabel
from torch import Tensor, nn

from ...geometry.heatmaps import best_vs_second_best, local_peaks, multi_peak_entropy, peak_values
from ...geometry.simcc import AxisPeaks
from ...models.decoding import decode_heatmaps
from ...models.heads import Heatmap2p5DHead
from ...models.heads.heatmap_2p5d import Pose2p5D
from ...models.semi.joint_ensembles import decode_apart, decode_together
from ...models.semi.keypoint_lessons import axis_peaks, check_keypoints, joint_number, same_codec
from ...models.semi.networks import (
    check_same_heatmaps,
    heatmap_geometry,
    heatmap_peak,
    last_heatmaps,
    predict_heatmaps,
)

HEATMAPS, SIMCC, JOINTS = 'heatmaps', 'simcc', 'joints'


class Networks:
    """The networks of an estimator that score: those that predict; a plain one itself.

    Args:
        model (nn.Module): An estimator.
        every_student (bool): All students of one that has students.
        start (nn.Module, optional): One of its networks before any training, with weights of
            another task; None where it starts from nothing.

    Attributes:
        each (list[nn.Module]): The networks.
    """

    def __init__(
        self, model: nn.Module, every_student: bool = False, start: Optional[nn.Module] = None
    ):
        self.model, self.start = model, start
        students: Any = getattr(model, 'students', None) if every_student else None
        if students is None:
            students = getattr(model, 'predicting', [getattr(model, 'network', model)])
        self.each: List[Any] = list(students)  # no type knows what estimators have

    @property
    def first(self) -> Any:
        """The network (nn.Module) whose head and features count."""
        return self.each[0]

    @property
    def with_depth(self) -> bool:
        """Whether they predict 3D poses of single views."""
        return isinstance(self.first.head, Heatmap2p5DHead)

    @property
    def joints(self) -> int:
        """How many keypoints they predict, K."""
        if self.with_depth:
            return self.first.head.num_joints
        return joint_number(self.first)

    @cached_property
    def kind(self) -> str:
        """What they have in common.

        ``'heatmaps'``: of one shape; ``'simcc'``: distributions of one SimCC codec;
        ``'joints'``: their joints alone.
        """
        if self._fault_of_heatmaps is None:
            return HEATMAPS
        codecs = [getattr(getattr(each, 'head', None), 'decoder', None) for each in self.each]
        alike = all(same_codec(codecs[0], codec) for codec in codecs[1:])
        return SIMCC if alike and isinstance(codecs[0], SimCCLabel) else JOINTS

    @cached_property
    def _fault_of_heatmaps(self) -> Optional[str]:
        """Why they do not score by one heatmap a joint; None if they do."""
        try:
            for network in self.each:
                heatmap_geometry(network)
            if len(self.each) > 1:
                check_same_heatmaps(self.each)
        except ValueError as error:
            return str(error)
        return None

    def check(self) -> None:
        """Raise a ValueError unless their joints can be read."""
        if self.kind != HEATMAPS:
            names = [f'network {index}' for index in range(len(self.each))]
            check_keypoints(self.each, names, [False] * len(names))

    def without_peaks(self) -> str:
        """The end of a sentence about who needs peaks; '' where the networks have them."""
        if self.kind != JOINTS:
            return ''
        return (
            'reads the peaks of heatmaps or of SimCC, but the networks have none in common: '
            f'{self._fault_of_heatmaps}'
        )


class Peaks(NamedTuple):
    """Local maxima of a batch of heatmaps.

    Attributes:
        heatmaps (Tensor): Labels would peak at 1 in them, float32 (B, K, h, w).
        marks (Tensor): Which pixels are peaks, bool (B, K, h, w).
        values (Tensor): See :func:`~mmpose_al.geometry.heatmaps.peak_values`.
    """

    heatmaps: Tensor
    marks: Tensor
    values: Tensor

    def margin(self) -> Tensor:
        """See :func:`~mmpose_al.geometry.heatmaps.best_vs_second_best`, (B, K)."""
        return best_vs_second_best(*self)

    def entropy(self) -> Tensor:
        """See :func:`~mmpose_al.geometry.heatmaps.multi_peak_entropy`, (B, K)."""
        return multi_peak_entropy(*self)

    def highest(self) -> Tensor:
        """Highest value of the softmax over all pixels, (B, K)."""
        return self.heatmaps.flatten(2).softmax(-1).amax(-1)


class Batch:
    """Views, and what the networks make of them.

    What the properties give is computed when it is first asked for, and once, so a
    statistic pays for what no other has needed before it.

    Args:
        networks (Networks): That score, in evaluation mode.
        inputs (Tensor): Preprocessed images, (B, C, H, W).
        samples (Sequence): Their data samples.
        unit (str): What is labelled at once: frames, images or instances.
    """

    def __init__(self, networks: Networks, inputs: Tensor, samples: Sequence, unit: str):
        self.networks, self.inputs, self.samples, self.unit = networks, inputs, samples, unit

    def __len__(self) -> int:
        return len(self.samples)

    def meta(self, name: str) -> list:
        """An entry of every sample's metainfo, None where it is missing."""
        return [info.get(name) for info in self._infos]

    @cached_property
    def _infos(self) -> List[dict]:
        """The samples' metainfo, which MMEngine puts together at each look."""
        return [sample.metainfo for sample in self.samples]

    # ---- what the networks make of it ----------------------------------------

    @cached_property
    def feature_maps(self) -> Any:
        """Of the first network, as its head takes them."""
        return self.networks.first.extract_feat(self.inputs)

    @cached_property
    def start_maps(self) -> Any:
        """Feature maps of the network that no training has seen; None without one."""
        start: Any = self.networks.start
        return None if start is None else start.extract_feat(self.inputs)

    @cached_property
    def pose(self) -> Pose2p5D:
        """The :class:`~mmpose_al.models.heads.heatmap_2p5d.Pose2p5D` of a model with depth."""
        return self.networks.first.head.pose(self.feature_maps)

    @cached_property
    def every_heatmaps(self) -> List[Tensor]:
        """Heatmaps of each network, float32 (B, K, h, w)."""
        if self.networks.with_depth:
            return [self.pose.heatmaps.float()]
        for network in self.networks.each if self.networks.kind != HEATMAPS else ():
            heatmap_geometry(network)  # says what is in their place
        first, *others = self.networks.each
        each = [last_heatmaps(first.head.forward(self.feature_maps))]
        each += [predict_heatmaps(network, self.inputs) for network in others]
        return [heatmaps.float() for heatmaps in each]

    @cached_property
    def heatmaps(self) -> Tensor:
        """The mean of the networks' heatmaps, float32 (B, K, h, w)."""
        each = self.every_heatmaps
        return torch.stack(each).mean(0) if len(each) > 1 else each[0]

    @cached_property
    def every_decoding(self) -> List[tuple]:
        """Of each network without heatmaps what its codec decodes, and the joints that come out.

        Pairs of a tuple of tensors (B, K, ...) and a list of MMPose's ``InstanceData``.
        """
        first, *others = self.networks.each
        maps = [self.feature_maps, *(network.extract_feat(self.inputs) for network in others)]
        return [decode_apart(*pair) for pair in zip([first, *others], maps)]

    @property
    def every_output(self) -> List[Tensor]:
        """What each network says of a view, a row of numbers, (B, ...)."""
        if self.networks.kind == HEATMAPS:
            return self.every_heatmaps
        return [torch.cat([p.flatten(1) for p in parts], 1) for parts, _ in self.every_decoding]

    @cached_property
    def every_joints(self) -> List[np.ndarray]:
        """Each network's keypoints in pixels of the input, float64 (B, K, 2), without heatmaps."""
        return [keypoints_of(instances)[0] for _, instances in self.every_decoding]

    @cached_property
    def peaks(self) -> Union[Peaks, AxisPeaks]:
        """Local maxima of the mean heatmaps, or of the mean distributions of SimCC."""
        if self.networks.kind == SIMCC:
            return axis_peaks(self.networks.each, [parts for parts, _ in self.every_decoding])
        peak = heatmap_peak(self.networks.first)
        heatmaps = self.heatmaps if peak == 1 else self.heatmaps / peak
        marks = local_peaks(heatmaps)
        return Peaks(heatmaps, marks, peak_values(heatmaps, marks))

    @cached_property
    def decoded(self) -> Tuple[np.ndarray, np.ndarray]:
        """Keypoints in pixels of the input, float64 (B, K, 2), and scores (B, K)."""
        if self.networks.with_depth:
            pixels, confidence = self.pose.pixels, self.pose.confidence
            return pixels.double().cpu().numpy(), confidence.double().cpu().numpy()
        if self.networks.kind != HEATMAPS:
            return keypoints_of(decode_together(self.networks.each, self.every_decoding))
        return decode_heatmaps(self.networks.first.head, self.heatmaps)

    @cached_property
    def points(self) -> Optional[Tensor]:
        """3D poses of a model with depth, (B, K, 3); None without intrinsics."""
        return self.networks.first.head.points(self.pose, self.samples)

    # ---- from the input to the image -----------------------------------------

    @cached_property
    def crop(self) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Size of the input, and size and centre of its crop in the image, (B, 1, 2)."""
        size, scale, center = (
            np.asarray(self.meta(name), np.float64)[:, None]
            for name in ('input_size', 'input_scale', 'input_center')
        )
        return size, scale, center

    def to_image(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels of the input, (B, n, 2), as pixels of the image."""
        size, scale, center = self.crop
        return pixels / size * scale + center - 0.5 * scale


def keypoints_of(instances: Sequence) -> Tuple[np.ndarray, np.ndarray]:
    """Keypoints (B, K, 2), float64, and scores (B, K) of MMPose's ``InstanceData``."""
    places = np.stack([np.asarray(one.keypoints[0], np.float64) for one in instances])
    return places, np.stack([np.asarray(one.keypoint_scores[0]) for one in instances])
