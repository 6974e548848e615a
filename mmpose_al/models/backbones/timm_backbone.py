"""Any network of timm as an MMPose backbone, ViTs included."""

import os.path as osp
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, Iterator, List, Optional, Sequence, Tuple

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
        ValueError: timm has no such network; it has no such feature maps or no gradient
            checkpointing; patches do not fill the images; the weights cannot be had, or are not
            all of this network's.
        FileNotFoundError: There is no file of weights.
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
        if not isinstance(out_indices, (list, tuple)) or not out_indices:
            raise ValueError(
                f'out_indices lists the maps of {name} to take, as (-1,) for the last; got '
                f'{out_indices!r}'
            )
        kwargs.update(features_only=True, out_indices=tuple(out_indices))
        if weights is not None:
            self.network = with_weights_of(weights, name, **kwargs)
        elif pretrained:
            self.network = downloaded(name, **kwargs)
        else:
            self.network = create(name, **kwargs)
        check_patches(self.network, name)
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
        """Images (B, 3, H, W) to the chosen maps, each (B, C, h, w).

        Raises:
            ValueError: The network was made for images of another size.
        """
        try:
            maps = self.network(x)
        except AssertionError as error:
            height, width = x.shape[-2:]
            raise ValueError(
                f'the images are {height}x{width}, height and width: {error}. A network that has '
                f'to know them is told by the backbone key img_size=({height}, {width})'
            ) from error
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
    if not isinstance(name, str) or name.split('.')[0] not in timm.list_models():
        close = get_close_matches(str(name), timm.list_models(), 1)
        hint = f'; did you mean {close[0]!r}?' if close else ''
        raise ValueError(f'timm {timm.__version__} has no network {name!r}{hint}')
    try:
        return timm.create_model(name, **kwargs)
    except IndexError:
        maps = len(timm.create_model(name, features_only=True).feature_info.info)
        raise ValueError(
            f'out_indices={kwargs.get("out_indices")}: {name} has {maps} maps of features, from 0 '
            f'to {maps - 1}'
        ) from None
    except RuntimeError as error:
        if 'features_only' not in str(error):
            raise
        raise ValueError(
            f'{name}: timm {timm.__version__} gives no maps of features of it ({error}); timm '
            '1.0.3 and later do of ViTs'
        ) from None


def with_weights_of(path: str, name: str, **kwargs: Any) -> nn.Module:
    """A network with the weights of a file, all of them.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It cannot be read, or lacks weights of the network.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(
            f'{path}: there is no such file of weights; download those of {name} as timm publishes '
            'them (.safetensors, .pth), or leave weights out'
        )
    overlay = dict(file=path)
    with missing_weights() as missing:
        try:
            network = create(name, pretrained=True, pretrained_cfg_overlay=overlay, **kwargs)
        except Exception as error:  # readers of files raise what they like
            create(name, **kwargs)  # what is wrong here is not the file's fault
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ValueError(f'{path}: is no file of weights of {name}: {reason}') from error
    own = {id(parameter): n for n, parameter in network.named_parameters()}
    lost = [own[id(parameter)] for parameter in missing if id(parameter) in own]
    if lost:
        raise ValueError(
            f'{path}: has no weights for {len(lost)} of the {len(own)} parameters of {name} '
            f'(first: {lost[0]}), which would stay random; take the file of this network'
        )
    return network


@contextmanager
def missing_weights() -> Iterator[List[nn.Parameter]]:
    """Collect the parameters that ``load_state_dict`` finds no weights for inside.

    timm does not tell, and goes on.
    """
    missing: List[nn.Parameter] = []
    load = nn.Module.load_state_dict

    def recording(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        result, own = load(self, *args, **kwargs), dict(self.named_parameters())
        missing.extend(own[name] for name in result.missing_keys if name in own)
        return result

    nn.Module.load_state_dict = recording  # type: ignore[method-assign]
    try:
        yield missing
    finally:
        nn.Module.load_state_dict = load  # type: ignore[method-assign]


def downloaded(name: str, **kwargs: Any) -> nn.Module:
    """A network with the weights that timm downloads.

    Raises:
        ValueError: It cannot.
    """
    try:
        return create(name, pretrained=True, **kwargs)
    except Exception as error:  # the hub and its network raise what they like
        create(name, **kwargs)  # what is wrong here is not the weights' fault
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(
            f'pretrained=True: timm cannot download the weights of {name} ({reason}). Download '
            'them where there is a network, and name the file: weights=FILE'
        ) from error


def check_patches(network: nn.Module, name: str) -> None:
    """Raise unless whole patches fill the images: timm would pass over what is left of them.

    Raises:
        ValueError: They do not; it names the sizes next to it.
    """
    embed = getattr(getattr(network, 'model', network), 'patch_embed', None)
    size, patch = getattr(embed, 'img_size', None), getattr(embed, 'patch_size', None)
    if not size or not patch or getattr(embed, 'dynamic_img_pad', False):
        return
    if any(side % step for side, step in zip(size, patch)):
        smaller = tuple(side // step * step for side, step in zip(size, patch))
        larger = tuple(-(-side // step) * step for side, step in zip(size, patch))
        raise ValueError(
            f'img_size={tuple(size)}: the images of {name} are cut into patches of '
            f'{patch[0]}x{patch[1]} pixels, which do not fill it; take {larger} or {smaller}'
        )


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
