"""Any network of timm as an MMPose backbone, ViTs included."""

from difflib import get_close_matches
from typing import Any, Optional, Sequence, Tuple

from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class TimmBackbone(BaseModule):
    """A network of timm without its classifier: images to maps of features.

    A ViT's patch tokens become a map of stride ``patch_size``; its class and register tokens
    are left out. A ViT has to know the size of its images: ``img_size=(height, width)``.

    Args:
        name (str): As ``timm.list_models()`` has it.
        weights (str, optional): A file of weights of this network, as timm publishes them
            (``.pth``, ``.safetensors``). timm fits position embeddings to ``img_size``.
        pretrained (bool): Let timm download weights. It needs a network.
        out_indices (Sequence[int]): Which of the network's feature maps, from 0 or from the
            last, -1.
        with_cp (bool): Gradient checkpointing: blocks are computed once more in the backward
            pass, which saves memory.
        init_cfg (dict, optional): MMEngine's, for weights in MMEngine's form.
        kwargs: What ``timm.create_model`` takes besides, such as ``img_size``.

    Attributes:
        channels (list[int]): Of the maps, which is the head's ``in_channels``.
        strides (list[int]): Of the maps, input pixels per pixel.

    Raises:
        ValueError: timm has no such network, or it has no feature maps or no gradient
            checkpointing.
    """

    def __init__(
        self,
        name: str,
        weights: Optional[str] = None,
        pretrained: bool = False,
        out_indices: Sequence[int] = (-1,),
        with_cp: bool = False,
        init_cfg: Optional[dict] = None,
        **kwargs: Any,
    ):
        super().__init__(init_cfg)
        if weights is not None:
            kwargs['pretrained_cfg_overlay'] = dict(file=weights)
        self.network = create(
            name,
            pretrained=pretrained or weights is not None,
            features_only=True,
            out_indices=tuple(out_indices),
            **kwargs,
        )
        info = self.network.feature_info
        self.channels, self.strides = list(info.channels()), list(info.reduction())
        self.channels_last = str(getattr(self.network, 'output_fmt', '')).endswith('NHWC')
        if with_cp:
            checkpointed(self.network, name)

    def init_weights(self) -> None:
        """Keep timm's initialisation or weights; otherwise what ``init_cfg`` says."""
        if self.init_cfg:
            super().init_weights()

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """Images (B, 3, H, W) to the chosen maps, each (B, C, h, w)."""
        maps = self.network(x)
        return tuple(m.permute(0, 3, 1, 2).contiguous() if self.channels_last else m for m in maps)


def create(name: str, **kwargs: Any) -> nn.Module:
    """``timm.create_model``, with errors that say what to do.

    Raises:
        ValueError: There is no such network, or it gives no maps.
    """
    try:
        import timm
    except ImportError as error:
        raise ImportError('TimmBackbone needs timm: pip install timm') from error
    if name.split('.')[0] not in timm.list_models():
        close = get_close_matches(name, timm.list_models(), 1)
        hint = f'; did you mean {close[0]!r}?' if close else ''
        raise ValueError(f'timm {timm.__version__} has no network {name!r}{hint}')
    try:
        return timm.create_model(name, **kwargs)
    except RuntimeError as error:
        if 'features_only' not in str(error):
            raise
        raise ValueError(
            f'{name}: timm {timm.__version__} gives no maps of features of it ({error}); timm '
            '1.0.3 and later do of ViTs'
        ) from None


def checkpointed(network: nn.Module, name: str) -> None:
    """Switch gradient checkpointing on.

    Raises:
        ValueError: The network has none.
    """
    owner = getattr(network, 'model', network)  # timm wraps a ViT as a whole
    try:
        owner.set_grad_checkpointing(True)
    except (AttributeError, AssertionError, TypeError):
        raise ValueError(
            f'with_cp=True: {name} has no gradient checkpointing; leave it out, or accumulate '
            'gradients over smaller batches (optim_wrapper.accumulative_counts)'
        ) from None
