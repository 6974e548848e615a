"""What the semi-supervised estimators need of an MMPose network, as functions."""

from contextlib import ExitStack, contextmanager
from typing import Callable, Iterator, List, Optional, Sequence, Tuple

import torch
from mmpose.codecs import SPR, AssociativeEmbedding, DecoupledHeatmap, MegviiHeatmap
from mmpose.models.pose_estimators import BottomupPoseEstimator
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..heads import Heatmap2p5DHead


def last_heatmaps(output) -> Tensor:
    """The final heatmaps (B, K, h, w) of a head's output, multi-stage or not."""
    while isinstance(output, (list, tuple)):
        output = output[-1]
    return output


def predict_heatmaps(network: nn.Module, images: Tensor) -> Tensor:
    """Heatmaps (B, K, h, w) of images (B, C, H, W).

    In float32 under autocast too: what is read off them, joints' places, needs it.
    """
    return last_heatmaps(network.head.forward(network.extract_feat(images))).float()


@contextmanager
def record_heatmaps(head: nn.Module) -> Iterator[List[Tensor]]:
    """Collect the heatmaps that a head computes inside, e.g. in its ``loss``."""
    with record_outputs(head, lambda output: last_heatmaps(output).detach()) as outputs:
        yield outputs


@contextmanager
def record_outputs(head: nn.Module, read: Callable) -> Iterator[list]:
    """Collect what ``read`` makes of each output of a head inside, e.g. in its ``loss``."""
    outputs, forward = [], head.forward

    def recording_forward(*args, **kwargs):
        output = forward(*args, **kwargs)
        outputs.append(read(output))
        return output

    head.forward = recording_forward
    try:
        yield outputs
    finally:
        del head.forward


@contextmanager
def keep_statistics(network: nn.Module) -> Iterator[None]:
    """Inside, BatchNorm normalises by the batch at hand and writes into copies.

    A block that is computed outside and once more inside, or the other way round, finds
    the same kinds of tensors, as gradient checkpointing demands.
    """
    norms = [m for m in network.modules() if isinstance(m, _BatchNorm)]
    buffers = [dict(norm._buffers) for norm in norms]
    for norm in norms:
        norm._buffers.update(
            {name: value.clone() for name, value in norm._buffers.items() if value is not None}
        )
    try:
        yield
    finally:
        for norm, own in zip(norms, buffers):
            norm._buffers.update(own)


def keep_statistics_in_backward(network: nn.Module, loss: Tensor) -> None:
    """As :func:`keep_statistics`, for the rest of a backward pass that reaches a loss.

    Blocks with gradient checkpointing (``with_cp=True``) are computed once more then.

    Args:
        network (nn.Module): The network.
        loss (Tensor): The one loss, with gradient, on what the network made inside
            :func:`keep_statistics`.
    """

    def begin(gradient: Tensor) -> None:
        kept = ExitStack()
        kept.enter_context(keep_statistics(network))
        torch.autograd.Variable._execution_engine.queue_callback(kept.close)

    loss.register_hook(begin)


@contextmanager
def teacher_mode(network: nn.Module, statistics: str) -> Iterator[None]:
    """Inside, a network in training can be asked without being changed.

    Args:
        network (nn.Module): The network.
        statistics (str): ``'batch'``: as :func:`keep_statistics`; ``'running'``: the
            network runs as in evaluation.
    """
    if statistics == 'batch':
        with keep_statistics(network):
            yield
        return
    modes = [(m, m.training) for m in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def heatmap_geometry(network: nn.Module) -> Tuple[int, int, int]:
    """Shape (K, h, w) of a network's heatmaps, from its head and its codec.

    Raises:
        ValueError: The network has no head with a codec that makes heatmaps, and
            nothing else.
    """
    head = getattr(network, 'head', None)
    codec = getattr(head, 'decoder', None)
    size = getattr(codec, 'heatmap_size', None)
    if size is None or not hasattr(codec, 'scale_factor'):
        raise ValueError(
            f'the network must predict heatmaps: {type(network).__name__} has the head '
            f'{type(head).__name__} with the decoder {type(codec).__name__}; use a '
            'top-down heatmap head with decoder=codec (MSRAHeatmap, UDPHeatmap, '
            'MegviiHeatmap)'
        )
    fault = _other_outputs(network)
    if fault:
        raise ValueError(
            f'the network must predict one heatmap a joint and nothing else: the head '
            f'{type(head).__name__} of {type(network).__name__} {fault}; use a top-down '
            'estimator with a heatmap head (HeatmapHead with MSRAHeatmap, UDPHeatmap or '
            'MegviiHeatmap)'
        )
    if getattr(codec, 'heatmap_type', 'gaussian') != 'gaussian':
        raise ValueError(
            f'{type(codec).__name__}(heatmap_type={codec.heatmap_type!r}) has offsets '
            "beside its heatmaps; use heatmap_type='gaussian'"
        )
    return (head.out_channels, int(size[1]), int(size[0]))


def _other_outputs(network: nn.Module) -> Optional[str]:
    """What a head has instead of one heatmap a joint as its last output; None if it does not."""
    head, codec = network.head, network.head.decoder
    channels = getattr(head, 'out_channels', None)
    if isinstance(codec, (AssociativeEmbedding, SPR, DecoupledHeatmap)):
        return f'has a {type(codec).__name__}, whose heatmaps stand beside tags, offsets or centres'
    if isinstance(network, BottomupPoseEstimator):
        return 'answers for a whole image, not for one person'
    if isinstance(channels, bool) or not isinstance(channels, int):
        return f'has out_channels={channels!r}'
    if len(codec.heatmap_size) != 2:
        return f'has heatmaps of size {tuple(codec.heatmap_size)}'
    return None


def heatmap_offset(network: nn.Module) -> float:
    """The o of ``x_input = scale_factor * (x_heatmap + o)`` of a network's codec.

    Megvii's gives a heatmap pixel to the input pixels from its start to its end.
    """
    return 0.5 if isinstance(network.head.decoder, MegviiHeatmap) else 0.0


def heatmap_peak(network: nn.Module) -> float:
    """What a network's labels have at a joint: 255 with Megvii's codec, else 1."""
    return 255.0 if isinstance(network.head.decoder, MegviiHeatmap) else 1.0


def check_peak_is_one(network: nn.Module, reader: str) -> None:
    """Raise a ValueError unless a label's maximum is 1, as a ``reader`` takes it."""
    peak, codec = heatmap_peak(network), type(network.head.decoder).__name__
    if peak != 1:
        raise ValueError(
            f'{reader} is of heatmaps whose labels peak at 1, but those '
            f'of {codec} peak at {peak:g}; use MSRAHeatmap or UDPHeatmap'
        )


def check_same_heatmaps(
    networks: Sequence[nn.Module], names: Optional[Sequence[str]] = None
) -> None:
    """Networks teach each other pixel by pixel, so their heatmaps must agree.

    Args:
        networks (Sequence[nn.Module]): The networks.
        names (Sequence[str], optional): What to call them; students by default.

    Raises:
        ValueError: Heatmap shapes, or input-to-heatmap scales, differ.
    """
    names = names or [f'student {index}' for index in range(len(networks))]
    shapes = [heatmap_geometry(network) for network in networks]
    for name, network in zip(names, networks):
        if isinstance(network.head, Heatmap2p5DHead):
            raise ValueError(
                f'{name}: the head {type(network.head).__name__} predicts depths beside its '
                'heatmaps; use HeatmapHead, or train with WeaklySupervisedPose3D'
            )
    for index, shape in enumerate(shapes[1:], 1):
        if shape != shapes[0]:
            raise ValueError(
                'networks teach each other heatmap by heatmap, but '
                f'{names[0]} predicts (K, h, w) = {shapes[0]} and {names[index]} '
                f'{shape}; give their codecs one heatmap_size and their heads one '
                'out_channels'
            )
    scales = [torch.as_tensor([*n.head.decoder.scale_factor, heatmap_offset(n)]) for n in networks]
    for index, scale in enumerate(scales[1:], 1):
        if not torch.allclose(scale, scales[0]):
            raise ValueError(
                f'{names[0]} and {names[index]} place keypoints differently on their '
                f'heatmaps: scale and offset {scales[0].tolist()} and '
                f'{scale.tolist()}; give them the same codec'
            )


def same_parameters(network: nn.Module, other: nn.Module) -> bool:
    """Whether two networks have the same parameters, by name and to the last bit."""
    parameters, others = dict(network.named_parameters()), dict(other.named_parameters())
    return parameters.keys() == others.keys() and all(
        value.shape == others[name].shape and torch.equal(value, others[name])
        for name, value in parameters.items()
    )


def codec_sigma(network: nn.Module, sigma: Optional[float] = None) -> float:
    """Standard deviation of a network's target Gaussians, in heatmap pixels.

    Args:
        network (nn.Module): Its codec knows (MSRA, UDP).
        sigma (float, optional): Stands in for the codec's.

    Raises:
        ValueError: Neither knows, or it is not above 0.
    """
    codec = network.head.decoder
    sigma = getattr(codec, 'sigma', None) if sigma is None else sigma
    if sigma is None:
        raise ValueError(
            f'the codec {type(codec).__name__} has no sigma to draw a Gaussian with; '
            'give the estimator sigma=... in heatmap pixels'
        )
    if min(sigma if isinstance(sigma, (list, tuple)) else [sigma]) <= 0:
        raise ValueError(f'sigma must be above 0; got {sigma}')
    return sigma
