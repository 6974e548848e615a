"""Lessons in keypoints: any top-down network teaches any other, whatever its output.

Flow: a teacher decodes its joints and says how sure it is -> the places go through the exact
transform and flip of the hard view -> the student's own codec encodes them -> the student's
own loss takes them, with a weight for each joint. No paper has this form: papers of this
package compare heatmaps, which needs heatmaps of one shape.
"""

from contextlib import contextmanager
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.codecs import (
    IntegralRegressionLabel,
    MegviiHeatmap,
    MSRAHeatmap,
    RegressionLabel,
    SimCCLabel,
    UDPHeatmap,
)
from mmpose.models.heads import MSPNHead, RLEHead, VisPredictHead
from mmpose.models.losses import JSDiscretLoss, KeypointMSELoss
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor, nn

from ...geometry.simcc import AxisPeaks, peaks_of_axis
from ..decoding import decode_on_device
from ..heads import Heatmap2p5DHead
from ..views import View, carry_keypoints, easy_view
from .networks import heatmap_peak, last_heatmaps, predict_heatmaps, record_outputs

HEATMAPS = (MSRAHeatmap, UDPHeatmap, MegviiHeatmap)
CODECS = (*HEATMAPS, SimCCLabel, RegressionLabel, IntegralRegressionLabel)


class KeypointLesson(NamedTuple):
    """What one student is taught about a batch of unlabelled images, joint by joint.

    Attributes:
        places (Tensor): Joints in pixels of the hard view, (B, K, 2).
        certainty (Tensor): How sure the teacher is of each of them, in [0, 1], (B, K); 0
            where it has no place. Left and right are those of the hard view.
        joints (Tensor): Where the teacher sees the joints, easy pixels, (B, K, 2).
        confidence (Tensor): As ``certainty``, for ``joints``.
        weight (Tensor, optional): Of each joint in the loss, (B, K); 1 by default.
        response (Tensor, optional): The teacher's own confidence, (B, K), where others have
            corrected what it is sure of; ``confidence`` by default.
    """

    places: Tensor
    certainty: Tensor
    joints: Tensor
    confidence: Tensor
    weight: Optional[Tensor] = None
    response: Optional[Tensor] = None


def joint_number(network: nn.Module) -> int:
    """How many joints K a network predicts."""
    head = network.head
    number = getattr(head, 'out_channels', None) or getattr(head, 'num_joints', None)
    return number // 3 if _with_offsets(head.decoder) else number


def input_size(network: nn.Module) -> Tuple[int, int]:
    """Width and height of the images for which a network's codec encodes."""
    codec = network.head.decoder
    return tuple(getattr(codec, 'keypoint_codec', codec).input_size)


def same_codec(codec, other) -> bool:
    """Whether two codecs encode alike."""
    mine, theirs = vars(codec), vars(other)
    if type(codec) is not type(other) or mine.keys() != theirs.keys():
        return False
    return all(
        same_codec(value, theirs[name])
        if hasattr(value, 'encode') and not isinstance(value, str)
        else np.array_equal(value, theirs[name])
        for name, value in mine.items()
    )


def check_keypoints(
    networks: Sequence[nn.Module],
    names: Optional[Sequence[str]] = None,
    learns: Optional[Sequence[bool]] = None,
) -> None:
    """Raise unless networks can teach each other keypoint by keypoint.

    Args:
        networks (Sequence[nn.Module]): The networks.
        names (Sequence[str], optional): What to call them; students by default.
        learns (Sequence[bool], optional): Which of them are students; all by default.

    Raises:
        ValueError: A head whose joints cannot be decoded or that cannot learn from places
            with weights; different numbers of joints or sizes of input.
    """
    names = names or [f'student {index}' for index in range(len(networks))]
    for name, network, student in zip(names, networks, learns or [True] * len(networks)):
        fault = _no_keypoints(network) or (_no_student(network) if student else None)
        if fault:
            head = type(getattr(network, 'head', None)).__name__
            raise ValueError(f'{name}: the head {head} of {type(network).__name__} {fault}')
    for what, read in (('joints', joint_number), ('input_size', input_size)):
        found = [read(network) for network in networks]
        for name, value in zip(names[1:], found[1:]):
            if value != found[0]:
                raise ValueError(
                    f'networks teach each other joint by joint on the same images, but {what} '
                    f'of {names[0]} is {found[0]} and of {name} {value}'
                )


def _no_keypoints(network: nn.Module) -> Optional[str]:
    """Why a network's joints cannot be read; None if they can."""
    if not isinstance(network, TopdownPoseEstimator):
        return 'answers for a whole image or a sequence, not for one person in one image'
    head = getattr(network, 'head', None)
    codec = getattr(head, 'decoder', None)
    if isinstance(head, VisPredictHead):
        return 'takes the weights of joints as labels of their visibility; use its pose_cfg as head'
    if isinstance(head, Heatmap2p5DHead):
        return 'predicts depths beside its joints; train it with WeaklySupervisedPose3D'
    if not isinstance(codec, CODECS):
        names = ', '.join(kind.__name__ for kind in CODECS)
        return f'has the decoder {type(codec).__name__}; decoder=codec must be one of {names}'
    if not isinstance(joint_number(network), int):
        return f'has out_channels={head.out_channels!r}, which is no number of joints'
    return None


def _no_student(network: nn.Module) -> Optional[str]:
    """Why a network whose joints can be read cannot learn places; None if it can."""
    if isinstance(network.head, MSPNHead):
        return 'learns from targets of several codecs, of which it knows one; it can be a teacher'
    for loss in network.head.loss_module.modules():
        if isinstance(loss, JSDiscretLoss):
            return (
                'has a JSDiscretLoss, whose gradient is not a number where a joint weighs 0; '
                'give it another loss of heatmaps, KeypointMSELoss'
            )
        blind = getattr(loss, 'use_target_weight', True) is False
        if blind and not isinstance(loss, KeypointMSELoss):  # which takes weights either way
            return (
                f'has a loss without weights of joints, {type(loss).__name__}; give it '
                'use_target_weight=True'
            )
    return None


def _with_offsets(codec) -> bool:
    return getattr(codec, 'heatmap_type', 'gaussian') == 'combined'


def confidence_of(network: nn.Module, output) -> Tensor:
    """How sure a network is of each joint, in [0, 1], read off its head's output.

    - heatmaps: their maximum, over what labels have there;
    - SimCC: the peak of the distribution of x or y, whichever is lower, over the peak that a
      label's distribution has. Both are taken as the loss takes them (its softmax and β);
    - residual log-likelihood (RLE): 1 - σ, as MMPose scores it;
    - other regression: 1, for such a head does not say.

    Args:
        network (nn.Module): Of :func:`check_keypoints`.
        output: What its head's ``forward`` gave, of B images.

    Returns:
        Tensor: Shape (B, K), without gradient.
    """
    codec = network.head.decoder
    if isinstance(codec, SimCCLabel):
        each = [
            _sharpness(network, values, name)
            for values, name in zip(output, ('keypoint_x_labels', 'keypoint_y_labels'))
        ]
        return torch.stack(each).amin(0).clamp(0, 1)
    if isinstance(codec, HEATMAPS):
        heatmaps = last_heatmaps(output).detach().float()
        heatmaps = heatmaps[:, ::3] if _with_offsets(codec) else heatmaps
        return (heatmaps.flatten(2).amax(-1) / heatmap_peak(network)).clamp(0, 1)
    coordinates = output[0] if isinstance(output, tuple) else output
    if isinstance(network.head, RLEHead):
        return 1 - coordinates[..., 2:].detach().float().sigmoid().mean(-1)
    return torch.ones_like(coordinates[..., 0], dtype=torch.float32).detach()


def says_confidence(network: nn.Module) -> bool:
    """Whether :func:`confidence_of` tells anything of a network: plain regression does not."""
    codec = network.head.decoder
    return isinstance(codec, (*HEATMAPS, SimCCLabel)) or isinstance(network.head, RLEHead)


def _sharpness(network: nn.Module, values: Tensor, name: str) -> Tensor:
    """Peak of a SimCC distribution (B, K, W) over that of a label, (B, K)."""
    loss, codec = network.head.loss_module, network.head.decoder
    middle = np.asarray(codec.input_size, np.float32)[None, None] // 2
    label = torch.from_numpy(np.asarray(codec.encode(middle)[name][0, 0], np.float32))
    if getattr(loss, 'label_softmax', False):
        label = (label * loss.label_beta).softmax(-1)
    found = (values.detach().float() * getattr(loss, 'beta', 1.0)).softmax(-1)
    return found.amax(-1) / float(label.max() / label.sum())


def axis_peaks(networks: Sequence[nn.Module], decoded: Sequence[tuple]) -> AxisPeaks:
    """Peaks of the mean of what networks of one SimCC codec predict.

    The softmax is that of their losses, with its β. A peak is the highest within a standard
    deviation of a label, which is in bins of its axis.

    Args:
        networks (Sequence[nn.Module]): The networks.
        decoded (Sequence[tuple]): Of each x and y, (B, K, W) and (B, K, H).
    """
    factors = [getattr(network.head.loss_module, 'beta', 1.0) for network in networks]
    sigma = np.broadcast_to(np.asarray(networks[0].head.decoder.sigma, float), 2)
    found = []
    for axis in (0, 1):
        each = [parts[axis].detach().float() * f for parts, f in zip(decoded, factors)]
        found.append(peaks_of_axis(torch.stack(each).mean(0), max(1, round(float(sigma[axis])))))
    return AxisPeaks(*found)


@torch.no_grad()
def predict_keypoints(network: nn.Module, images: Tensor) -> Tuple[Tensor, Tensor]:
    """Joints as a network's codec decodes them, without a flip test.

    Args:
        network (nn.Module): Of :func:`check_keypoints`.
        images (Tensor): Shape (B, C, H, W).

    Returns:
        tuple: Places in pixels of the images, float32 (B, K, 2), and the confidence (B, K) of
        :func:`confidence_of`; it is 0 where the network has no place in the image.
    """
    head = network.head
    if isinstance(head.decoder, HEATMAPS):
        heatmaps = predict_heatmaps(network, images)
        confidence = confidence_of(network, heatmaps)
        places = decode_on_device(head, heatmaps)[0]
    else:
        with record_outputs(head, lambda output: confidence_of(network, output)) as seen:
            found = head.predict(network.extract_feat(images), None, {})
        confidence = seen[-1]
        places = torch.from_numpy(np.stack([np.asarray(one.keypoints[0]) for one in found]))
    places = places.to(images.device, torch.float32)
    last = places.new_tensor([images.shape[-1] - 1, images.shape[-2] - 1])
    inside = ((places >= 0) & (places <= last)).all(-1)  # False where it is not a number
    return places.masked_fill(~inside[..., None], 0), confidence * inside


def keypoint_lesson(
    places: Tensor,
    confidence: Tensor,
    hard: View,
    flip_indices: Sequence[int],
    view: Optional[View] = None,
) -> KeypointLesson:
    """The lesson of a teacher that sees joints in one view (the easy one by default).

    Args:
        places, confidence (Tensor): Of :func:`predict_keypoints`, in pixels of the view.
        hard (View): On which the loss is taken.
        flip_indices (Sequence[int]): The channel of each joint's mirror image.
        view (View, optional): What the teacher looked at.
    """
    easy = easy_view(len(places), places)
    joints, sure = carry_keypoints(places, confidence, view or easy, easy, flip_indices)
    return KeypointLesson(*carry_keypoints(joints, sure, easy, hard, flip_indices), joints, sure)


def encoded_samples(network: nn.Module, places: Tensor, weight: Tensor) -> List[PoseDataSample]:
    """Samples with places as a network's own codec encodes them, for its own loss.

    Args:
        network (nn.Module): Of :func:`check_keypoints`.
        places (Tensor): In pixels of the input, (B, K, 2).
        weight (Tensor): Of each joint, (B, K); one with 0 is not encoded. The codec gives
            joints outside the image the weight 0.
    """
    codec, samples = network.head.decoder, []
    known = weight > 0
    places = places.masked_fill(~known[..., None], 0).detach().float().cpu().numpy()
    weights = weight.detach().float().cpu().numpy()
    for place, own in zip(places, weights):
        # Codecs read what is below 0.5 as unlabelled, so the weight comes afterwards.
        encoded = codec.encode(place[None], (own > 0)[None].astype(np.float32))
        encoded['keypoint_weights'] = encoded['keypoint_weights'] * own
        sample = PoseDataSample()
        sample.gt_instance_labels, sample.gt_fields = InstanceData(), PixelData()
        for key, name in codec.label_mapping_table.items():
            value = np.asarray(encoded[key], np.float32)
            sample.gt_instance_labels.set_field(torch.from_numpy(value), name)
        for key, name in codec.field_mapping_table.items():
            value = np.asarray(encoded[key], np.float32)
            sample.gt_fields.set_field(torch.from_numpy(value), name)
        samples.append(sample.to(weight.device))
    return samples


def encoded_labels(student: nn.Module, inputs: Tensor, data_samples: Sequence) -> list:
    """Labelled samples as one student's own codec encodes them.

    Args:
        student (nn.Module): Whose codec.
        inputs (Tensor): Gives the device.
        data_samples (Sequence): With ``transformed_keypoints``, pixels of the input.

    Raises:
        ValueError: The pipeline does not keep these.
    """
    kept = [sample.gt_instances.get('transformed_keypoints') for sample in data_samples]
    if any(places is None for places in kept):
        raise ValueError(
            'students with different codecs encode the labels themselves, but the samples do not '
            'keep the joints in pixels of the input; give PackPoseInputs pack_transformed=True'
        )
    places, weights = (
        torch.as_tensor(np.concatenate(each), dtype=torch.float32, device=inputs.device)
        for each in (kept, [_label_weights(sample) for sample in data_samples])
    )
    return encoded_samples(student, places, weights)


def _label_weights(sample: PoseDataSample) -> np.ndarray:
    """What each joint of a labelled sample counts, (1, K).

    As the pipeline has it, so with the weights of pseudo-labels and of the data set; as far as
    the joint is visible where the pipeline makes no targets.
    """
    visible = np.asarray(sample.gt_instances.keypoints_visible, np.float32)
    given = sample.get('gt_instance_labels', InstanceData()).get('keypoint_weights')
    if given is None:
        return visible
    return np.asarray(given.cpu(), np.float32).reshape(-1, *visible.shape).max(0)


@contextmanager
def labels_explained(student: nn.Module, data_samples: Sequence) -> Iterator[None]:
    """Inside, labels that a pipeline encoded for another codec are told as that.

    Raises:
        ValueError: A loss found no labels of the student's own codec.
    """
    try:
        yield
    except AttributeError as error:
        codec, labels = student.head.decoder, []
        for sample in data_samples:
            for part in ('gt_instance_labels', 'gt_fields'):
                labels += sample.get(part).keys() if part in sample else ()
        wanted = {*codec.label_mapping_table.values(), *codec.field_mapping_table.values()}
        lacking = sorted(wanted - set(labels))
        if not lacking:
            raise
        raise ValueError(
            f'the labels have no {", ".join(lacking)}, which the head '
            f'{type(student.head).__name__} learns from: GenerateTarget of the pipeline encodes '
            f'for another codec. Give it encoder=codec, the {type(codec).__name__} of the head'
        ) from error


def own_loss(
    network: nn.Module, images: Tensor, samples: Sequence
) -> Tuple[Dict[str, Tensor], Tensor]:
    """A network's own losses on samples, and its confidence (B, K) there."""
    with record_outputs(network.head, lambda output: confidence_of(network, output)) as seen:
        losses = network.loss(images, samples)
    return losses, seen[-1]


@MODELS.register_module()
class KeypointConsistencyLoss(nn.Module):
    """A student's own loss on the places that its teacher names.

    Args:
        loss_weight (float): Weight of the loss (Xie21: λ = 1).
        weight (str): Of a joint: ``'confidence'``: how sure the teacher is of it, see
            :func:`confidence_of`; ``'one'``: all alike. A keypoint is a fresh peak however
            unsure the teacher is, so errors are taught as surely as labels with ``'one'``.
        min_confidence (float, optional): Leave out joints whose confidence is not above it.

    Raises:
        ValueError: Another ``weight``.
    """

    def __init__(
        self,
        loss_weight: float = 1.0,
        weight: str = 'confidence',
        min_confidence: Optional[float] = None,
    ):
        super().__init__()
        if weight not in ('confidence', 'one'):
            raise ValueError(f"consistency.weight is 'confidence' or 'one'; got {weight!r}")
        self.loss_weight, self.weight, self.min_confidence = loss_weight, weight, min_confidence

    def weights(self, lesson: KeypointLesson) -> Tensor:
        """Of each joint in the loss, (B, K)."""
        sure = lesson.certainty
        weight = sure if self.weight == 'confidence' else (sure > 0).to(sure)
        if self.min_confidence is not None:
            weight = weight * (sure > self.min_confidence)
        return weight if lesson.weight is None else weight * lesson.weight

    def forward(
        self, student: nn.Module, images: Tensor, lesson: KeypointLesson
    ) -> Tuple[Tensor, Tensor]:
        """
        Args:
            student (nn.Module): Who learns.
            images (Tensor): Hard views, (B, C, H, W).
            lesson (KeypointLesson): What it is taught there.

        Returns:
            tuple: A scalar, and the student's mean confidence on the hard views.
        """
        samples = encoded_samples(student, lesson.places, self.weights(lesson))
        losses, confidence = own_loss(student, images, samples)
        total = sum(value for name, value in losses.items() if 'loss' in name)
        return total * self.loss_weight, confidence.mean()
