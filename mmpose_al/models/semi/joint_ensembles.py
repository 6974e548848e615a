"""Predictions of several networks as one, whatever their output."""

from contextlib import contextmanager
from typing import Callable, Iterator, List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.structures import InstanceData
from mmpose.codecs import SimCCLabel
from torch import nn

from .keypoint_lessons import confidence_of, same_codec


@contextmanager
def recorded_decoding(head: nn.Module, decode: Optional[Callable] = None) -> Iterator[list]:
    """Collect what a head decodes inside, copied; ``decode`` stands in for its own."""
    outputs, before, decode = [], vars(head).get('decode'), decode or head.decode

    def recording_decode(output):
        parts = output if isinstance(output, tuple) else (output,)
        outputs.append(tuple(part.clone() for part in parts))
        return decode(output)

    head.decode = recording_decode
    try:
        yield outputs
    finally:
        if before is None:
            del head.decode
        else:  # somebody outside is recording, too
            head.decode = before


def mean_output(students: Sequence[nn.Module], decoded: Sequence[tuple]):
    """Mean of what students decode; None if they do not decode the same."""
    codec, shapes = students[0].head.decoder, [[part.shape for part in one] for one in decoded]
    alike = all(same_codec(codec, student.head.decoder) for student in students[1:])
    if not alike or any(one != shapes[0] for one in shapes[1:]):
        return None
    mean = tuple(torch.stack(parts).mean(0) for parts in zip(*decoded))
    return mean if len(mean) > 1 else mean[0]


def joints_and_confidence(
    student: nn.Module, decoded: tuple, instances: Sequence
) -> Tuple[np.ndarray, np.ndarray]:
    """Joints (B, K, 2) in pixels of the input and how sure a student is, (B, K)."""
    places = np.stack([np.array(one.keypoints[0], np.float32) for one in instances])
    if isinstance(student.head.decoder, SimCCLabel):  # whose scores have no scale
        return places, confidence_of(student, decoded).cpu().numpy()
    return places, np.stack([np.array(one.keypoint_scores[0], np.float32) for one in instances])


def mean_instances(places: np.ndarray, confidence: np.ndarray) -> List[InstanceData]:
    """Mean joints of students (S, B, K, 2), weighted by their confidence (S, B, K)."""
    weights = confidence.clip(1e-6, 1)[..., None]
    mean = (places * weights).sum(0) / weights.sum(0)
    return [
        InstanceData(keypoints=joints[None], keypoint_scores=scores[None])
        for joints, scores in zip(mean, confidence.mean(0))
    ]


def decode_apart(network: nn.Module, feats) -> Tuple[tuple, List[InstanceData]]:
    """What a network's codec decodes of feature maps, without a flip test, and its joints."""
    with recorded_decoding(network.head) as outputs:
        instances = network.head.predict(feats, None, {})
    return outputs[-1], instances


def decode_together(
    networks: Sequence[nn.Module], decoded: Sequence[Tuple[tuple, List[InstanceData]]]
) -> List[InstanceData]:
    """Joints of networks as those of one.

    Of one codec: what they decode (SimCC's distributions, heatmaps, coordinates) is averaged.
    Others: their joints are, weighted by their confidence.

    Args:
        networks (Sequence[nn.Module]): One or more.
        decoded (Sequence[tuple]): Of each what its codec decodes, and the joints.

    Returns:
        list[InstanceData]: One for each image, joints in pixels of the input.
    """
    if len(networks) == 1:
        return decoded[0][1]
    together = mean_output(networks, [parts for parts, _ in decoded])
    if together is not None:
        return networks[0].head.decode(together)
    found = [joints_and_confidence(each, *pair) for each, pair in zip(networks, decoded)]
    return mean_instances(*map(np.stack, zip(*found)))
