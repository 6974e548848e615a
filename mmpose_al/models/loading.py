"""Which tensors of a checkpoint fit a model."""

import re
from collections import OrderedDict
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence

import torch
from torch import nn

from ..fileio import short

# A count of BatchNorm that old checkpoints lack, and that only momentum=None reads.
UNIMPORTANT = 'num_batches_tracked'
NETWORK = re.compile(r'(students\.\d+|teacher|network)\.')  # of an estimator


def networks_of(names: Sequence[str]) -> List[str]:
    """The networks of a semi-supervised estimator among names of tensors."""
    found = (NETWORK.match(name) for name in names)
    return sorted({match.group(1) for match in found if match})


def state_of(checkpoint: Mapping[str, Any]) -> Dict[str, torch.Tensor]:
    """The tensors of a checkpoint, whatever form it has.

    Raises:
        ValueError: It has none, or one with a number that is not finite.
    """
    if not isinstance(checkpoint, Mapping):
        raise ValueError(f'it holds a {type(checkpoint).__name__}, no dict of tensors')
    state = checkpoint.get('state_dict', checkpoint)
    if not isinstance(state, Mapping):
        raise ValueError(f'state_dict is no dict of tensors; got {short(type(state).__name__)}')
    result = OrderedDict((re.sub(r'^module\.', '', str(name)), v) for name, v in state.items())
    metadata = getattr(state, '_metadata', None)
    if metadata is not None:
        result._metadata = metadata  # type: ignore[attr-defined]
    if not any(isinstance(value, torch.Tensor) for value in result.values()):
        raise ValueError('there is no tensor in it')
    for name, value in result.items():
        if isinstance(value, torch.Tensor) and not torch.isfinite(value).all():
            raise ValueError(
                f'{name} has numbers that are not finite, so the network predicts nothing; take '
                'an earlier checkpoint'
            )
    return result


class Fit(NamedTuple):
    """What of a checkpoint does not fit a model.

    Attributes:
        missing (list[str]): Tensors of the model that the checkpoint lacks.
        unexpected (list[str]): Tensors of the checkpoint that the model lacks.
        faults (dict[str, str]): Tensors of both that differ, in their shape for example,
            and what PyTorch says about them.
        total (int): Tensors of the model.
    """

    missing: List[str]
    unexpected: List[str]
    faults: Dict[str, str]
    total: int

    def __bool__(self) -> bool:
        """Whether there is nothing to complain about."""
        return not (self.missing or self.unexpected or self.faults)

    def __str__(self) -> str:
        parts = []
        if self.missing:
            parts.append(
                f'{len(self.missing)} of the {self.total} tensors of the model are not in the '
                f'checkpoint (first: {self.missing[0]})'
            )
        if self.unexpected:
            parts.append(
                f'{len(self.unexpected)} tensors of the checkpoint are not in the model '
                f'(first: {self.unexpected[0]})'
            )
        if self.faults:
            first = next(iter(self.faults.values()))
            parts.append(f'{len(self.faults)} do not fit ({first.strip().rstrip(".")})')
        return '; '.join(parts)


def load_fitting(model: nn.Module, state: Mapping[str, torch.Tensor]) -> Fit:
    """Load what fits, as MMEngine does, and tell what does not.

    Hooks of the modules that rename old tensors are run, those after loading are not.

    Args:
        model (nn.Module): Not wrapped.
        state (Mapping): Names and tensors; it is not changed.
    """
    metadata: Mapping[str, Any] = getattr(state, '_metadata', None) or {}
    missing: List[str] = []
    unexpected: List[str] = []
    errors: List[str] = []

    def load(module: nn.Module, local: 'OrderedDict', prefix: str) -> None:
        module._load_from_state_dict(
            local, prefix, metadata.get(prefix[:-1], {}), True, missing, unexpected, errors
        )
        for name, child in module.named_children():
            inner = f'{prefix}{name}.'
            load(child, OrderedDict((k, v) for k, v in local.items() if k.startswith(inner)), inner)

    load(model, OrderedDict(state), '')
    return fit_of(missing, unexpected, errors, len(model.state_dict()))


def fit_of(missing: List[str], unexpected: List[str], errors: List[str], total: int) -> Fit:
    """A :class:`Fit` from the lists that PyTorch fills."""
    faults = {}
    for number, error in enumerate(errors):
        found = re.search(r'(?:size mismatch for |parameter named ")([\w.]+)', error)
        faults[found.group(1) if found else f'no. {number}'] = error
    missing = [name for name in missing if not name.endswith(UNIMPORTANT)]
    return Fit(missing, list(dict.fromkeys(unexpected)), faults, total)


class WholeCheckpoints(nn.Module):
    """A model that takes a checkpoint as a whole or not at all, whoever loads it.

    MMEngine and MMPose load with ``strict=False`` and print what is missing; a network
    with random weights is then trained, tested or shown.
    """

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: Any) -> None:
        self.__dict__['_loading'] = (prefix, args[-1])
        super()._load_from_state_dict(state_dict, prefix, *args)

    def refuse_parts(self) -> None:
        """From now on; called at the end of ``__init__``."""
        self.register_load_state_dict_post_hook(_refuse_parts)

    def loading_advice(self) -> str:
        """What to do about a checkpoint that does not fit."""
        return 'take the config that the checkpoint was trained with'


def _refuse_parts(model: WholeCheckpoints, incompatible: Any) -> None:
    """After loading.

    Raises:
        ValueError: Not all tensors of the model came from the checkpoint.
    """
    prefix, errors = model.__dict__.pop('_loading')
    fit = fit_of(
        [name for name in incompatible.missing_keys if name.startswith(prefix)],
        [name for name in incompatible.unexpected_keys if name.startswith(prefix)],
        list(errors),
        len(model.state_dict()),
    )
    if not fit:
        raise ValueError(
            f'the checkpoint is not one of this {type(model).__name__}: {fit}; '
            f'{model.loading_advice()}'
        )
