"""What goes into a file: images in, out what a head would decode.

Flow: pixels -> the preprocessor's normalisation (if it is part of the file) -> each network's
backbone, neck and head -> the mean over the networks. Decoding stays outside: it is a few
lines of NumPy (``demo/onnx_demo.py``).
"""

from typing import Sequence, Tuple

import torch
from mmengine.model import ImgDataPreprocessor
from mmpose.codecs import IntegralRegressionLabel, RegressionLabel, SimCCLabel
from torch import Tensor, nn

from ..models.heads import Heatmap2p5DHead
from ..models.semi.joint_ensembles import recorded_decoding
from ..models.semi.keypoint_lessons import check_keypoints, input_size, same_codec
from ..models.wrapper import EstimatorOfNetworks

PIXELS, NORMALIZED = 'pixels', 'normalized'


class DeployedNetwork(nn.Module):
    """The networks of a model that predict together, as one function of images.

    There is no flip test: one pass a network.

    Args:
        model (nn.Module): A top-down model of MMPose, or an estimator of this package.
        takes (str): ``'pixels'``: images as OpenCV reads them, BGR from 0 to 255;
            ``'normalized'``: as the model's preprocessor hands them on.

    Attributes:
        networks (nn.ModuleList): Those that predict.
        outputs (tuple[str]): Names of what :meth:`forward` gives: ``heatmaps`` (B, K, h, w);
            ``heatmaps_and_offsets`` (B, 3 K, h, w); ``simcc_x`` (B, K, w) and ``simcc_y``
            (B, K, h); or ``keypoints`` (B, 1, K, 2 or 4), shares of the input's width and
            height and, of RLE, their deviations.

    Raises:
        ValueError: A network whose joints cannot be decoded; several without maps in common;
            a preprocessor that does more than normalise.
    """

    def __init__(self, model: nn.Module, takes: str = PIXELS):
        super().__init__()
        if takes not in (PIXELS, NORMALIZED):
            raise ValueError(f'takes is {PIXELS!r} or {NORMALIZED!r}; got {takes!r}')
        self.networks = nn.ModuleList(predicting(model))
        check_networks(self.networks)
        self.size: Tuple[int, int] = input_size(self.networks[0])
        preprocessor = model.data_preprocessor
        check_preprocessor(preprocessor, self.size)
        self.swaps = bool(preprocessor._channel_conversion)
        self.normalizes = bool(preprocessor._enable_normalize)
        mean = preprocessor.mean if self.normalizes else torch.zeros(3, 1, 1)
        std = preprocessor.std if self.normalizes else torch.ones(3, 1, 1)
        self.register_buffer('mean', mean.clone().float())
        self.register_buffer('std', std.clone().float())
        self.takes = takes
        self.outputs = output_names(self.head.decoder)
        self.eval()
        with torch.no_grad():
            self._check_shapes(self.example(1))

    @property
    def head(self) -> nn.Module:
        """The first network's, whose codec decodes."""
        return self.networks[0].head

    def example(self, number: int) -> Tensor:
        """Images of the right shape, (B, 3, H, W)."""
        width, height = self.size
        generator = torch.Generator().manual_seed(0)
        pixels = torch.rand(number, 3, height, width, generator=generator) * 255
        return pixels if self.takes == PIXELS else self.normalized(pixels)

    def normalized(self, pixels: Tensor) -> Tensor:
        """Images as the networks take them, of images as OpenCV reads them."""
        images = pixels.flip(1) if self.swaps else pixels
        return (images - self.mean) / self.std if self.normalizes else images

    def forward(self, images: Tensor) -> Tuple[Tensor, ...]:
        """The tensors that :attr:`outputs` names, of images float32 (B, 3, H, W)."""
        if self.takes == PIXELS:
            images = self.normalized(images)
        each = [undecoded(network, images) for network in self.networks]
        if len(each) == 1:
            return each[0]
        return tuple(torch.stack(parts).mean(0) for parts in zip(*each))

    def _check_shapes(self, images: Tensor) -> None:
        each = [undecoded(network, images) for network in self.networks]
        shapes = [[tuple(part.shape[1:]) for part in one] for one in each]
        for number, shape in enumerate(shapes):
            if shape != shapes[0]:
                raise ValueError(_nothing_in_common(f'{shapes[0]} and {shape}', number))


def predicting(model: nn.Module) -> Sequence[nn.Module]:
    """The networks of a model that predict together."""
    return model.predicting if isinstance(model, EstimatorOfNetworks) else [model]


def undecoded(network: nn.Module, images: Tensor) -> Tuple[Tensor, ...]:
    """What a network's head decodes, of normalised images (B, C, H, W)."""
    options = dict(network.test_cfg or {}, flip_test=False, output_heatmaps=False)
    with recorded_decoding(network.head, lambda output: []) as outputs:
        network.head.predict(network.extract_feat(images), None, options)
    return outputs[-1]


def output_names(codec: object) -> Tuple[str, ...]:
    """Names of what a codec decodes."""
    if isinstance(codec, SimCCLabel):
        return ('simcc_x', 'simcc_y')
    if isinstance(codec, (RegressionLabel, IntegralRegressionLabel)):
        return ('keypoints',)
    if getattr(codec, 'heatmap_type', 'gaussian') == 'combined':
        return ('heatmaps_and_offsets',)
    return ('heatmaps',)


def check_networks(networks: Sequence[nn.Module]) -> None:
    """Raise unless the joints of the networks can be decoded, and together.

    Raises:
        ValueError: They cannot; it says what to do.
    """
    for network in networks:
        if isinstance(getattr(network, 'head', None), Heatmap2p5DHead):
            raise ValueError(
                'a network with a Heatmap2p5DHead is not exported: its 3D needs the camera of '
                'each image; use `mmpose-al demo pose3d`'
            )
    names = [f'network {number}' for number in range(len(networks))]
    check_keypoints(networks, names, [False] * len(networks))
    for number, network in enumerate(networks):
        if not same_codec(networks[0].head.decoder, network.head.decoder):
            raise ValueError(_nothing_in_common('their codecs differ', number))


def _nothing_in_common(reason: str, number: int) -> str:
    return (
        f'students 0 and {number} have no outputs in common that could be averaged ({reason}); '
        f'export one of them: --network 0 or --network {number}'
    )


def check_preprocessor(preprocessor: nn.Module, size: Tuple[int, int]) -> None:
    """Raise unless a preprocessor does what can be told in three words: swap, mean, std.

    Raises:
        ValueError: It does more.
    """
    if not isinstance(preprocessor, ImgDataPreprocessor):
        raise ValueError(
            f'the data_preprocessor is a {type(preprocessor).__name__}; only those that '
            'normalise images (PoseDataPreprocessor) are exported'
        )
    divisor = preprocessor.pad_size_divisor
    if any(side % divisor for side in size):
        raise ValueError(
            f'the data_preprocessor pads images of {size[0]}x{size[1]} to sides that '
            f'{divisor} divides; leave out pad_size_divisor'
        )
