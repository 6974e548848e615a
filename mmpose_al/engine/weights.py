"""From which network of a checkpoint into which of a model: ``load_cfg`` of a config.

The key says what ``load_from`` may do beyond taking a whole checkpoint of the same model
(docs/semi_supervised.md). It holds where a training starts, not where it is resumed or tested.
"""

from collections import OrderedDict
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

import torch
from torch import nn

from ..fileio import short
from ..models.loading import NETWORK, load_fitting, networks_of


class LoadSettings(NamedTuple):
    """``load_cfg``.

    Attributes:
        network (str, optional): The one of the checkpoint that is taken, ``'students.0'`` or
            ``'teacher'``; None: all of the checkpoint.
        into (list[str]): Networks of the model that start from it, ``'students.0'``;
            ``'students'`` stands for all that begin as one. Empty: the model as a whole.
        leave_out (list[str]): Beginnings of names, within a network, of the tensors that
            start as they were initialised.
        changed (list[str]): What may differ from the checkpoint when a run is resumed, see
            :mod:`mmpose_al.engine.run_digest`.
    """

    network: Optional[str] = None
    into: Tuple[str, ...] = ()
    leave_out: Tuple[str, ...] = ()
    changed: Tuple[str, ...] = ()


def read_load_settings(cfg: Mapping[str, Any]) -> LoadSettings:
    """``load_cfg`` of a config, checked.

    Raises:
        ValueError: It holds something else; it says what.
    """
    given = dict(cfg.get('load_cfg') or {})
    for key, value in given.items():
        if key not in LoadSettings._fields:
            raise ValueError(f'load_cfg has {key!r}; it may have {", ".join(LoadSettings._fields)}')
        if key == 'network':
            if value is not None and not isinstance(value, str):
                raise ValueError(f"load_cfg.network is a name, 'students.0'; got {short(value)}")
            continue
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, (list, tuple)) or not all(isinstance(n, str) and n for n in names):
            raise ValueError(f'load_cfg.{key} is a list of names; got {short(value)}')
        given[key] = tuple(names)
    return LoadSettings(**given)


def start_from(model: nn.Module, state: Mapping[str, torch.Tensor], settings: LoadSettings) -> None:
    """Load what ``load_cfg`` says into a model that is about to be trained.

    Raises:
        ValueError: Something else is missing or left over; it says what and what to do.
    """
    names = list(model.state_dict())
    places = _places(model, settings, names)
    if settings.network is not None:
        state = _only(state, settings.network)
    if places:
        state = OrderedDict(
            (f'{place}.{name}', value) for place in places for name, value in state.items()
        )
    left_out = _left_out(names, places, settings)
    state = _without(state, left_out)
    if not state:
        raise ValueError('load_cfg leaves all of it out; take load_from away, or leave out less')
    fit = load_fitting(model, state)
    outside = tuple(f'{place}.' for place in places) or ('',)
    fit = fit._replace(
        missing=[n for n in fit.missing if n not in left_out and n.startswith(outside)],
        faults={n: text for n, text in fit.faults.items() if n not in left_out},
    )
    if not fit:
        raise ValueError(f'{fit}. {remedy(model, state, starts=True)}')


def load_whole(model: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Load a checkpoint of the same model.

    Raises:
        ValueError: It is of another one; it says what differs and what to do.
    """
    fit = load_fitting(model, state)
    if not fit:
        raise ValueError(f'{fit}. {remedy(model, state, starts=False)}')


def remedy(model: nn.Module, state: Mapping[str, torch.Tensor], starts: bool) -> str:
    """What to do about a checkpoint that does not fit a model."""
    ours, theirs = networks_of(list(model.state_dict())), networks_of(list(state))
    kind, into = type(model).__name__, 'students'
    if ours == ['network']:
        into = 'network'
    if ours != theirs:
        held = ', '.join(theirs) or 'one network'
        text = f'The checkpoint holds {held}; the model is a {kind}'
        text += f' with {", ".join(ours)}. ' * bool(ours) or '. '
        if theirs and not ours:
            text += (
                '`mmpose-al extract CHECKPOINT OUT` writes one network as a checkpoint of its own'
            )
            return text + f"; load_cfg = dict(network='{theirs[0]}') starts from it" * starts
        if not starts:
            return text + 'Take the config that the checkpoint was trained with'
        chosen = f"network='{theirs[0]}', " if theirs else ''
        text += f"To start from one network, say load_cfg = dict({chosen}into='{into}')"
        return text + (
            "; several students that teach one another get leave_out=['head.'] beside it, so that "
            'they differ'
        ) * (len(ours) > 1)
    text = 'Take the config that the checkpoint was trained with'
    return text + (
        "; what is to start afresh is said by load_cfg = dict(leave_out=['head.final_layer'])"
        * starts
    )


def _places(model: nn.Module, settings: LoadSettings, names: Sequence[str]) -> List[str]:
    known = networks_of(names)
    places: List[str] = []
    for place in settings.into:
        if place == 'students' and known:
            places += model.beginners()
        elif place in known:
            places.append(place)
        else:
            raise ValueError(
                f'load_cfg.into names {place!r}; the model is a {type(model).__name__} with '
                f'{", ".join(known) or "no students"}'
            )
    return list(dict.fromkeys(places))


def _only(state: Mapping[str, torch.Tensor], network: str) -> Dict[str, torch.Tensor]:
    """One network's tensors under its own names."""
    prefix = f'{network}.'
    found = OrderedDict((n[len(prefix) :], v) for n, v in state.items() if n.startswith(prefix))
    if not found:
        held = ', '.join(networks_of(list(state))) or 'one network, which has no name'
        raise ValueError(f'load_cfg.network is {network!r}; the checkpoint holds {held}')
    return found


def _inside(name: str) -> str:
    """A tensor's name within its network."""
    return NETWORK.sub('', name, count=1) if NETWORK.match(name) else name


def _left_out(names: Sequence[str], places: Sequence[str], settings: LoadSettings) -> Set[str]:
    inside = tuple(f'{place}.' for place in places) or ('',)
    found: Set[str] = set()
    for beginning in settings.leave_out:
        chosen = {
            name
            for name in names
            if name.startswith(inside) and _inside(name).startswith(beginning)
        }
        if not chosen:
            raise ValueError(
                f'load_cfg.leave_out names {beginning!r}; no tensor of the model begins so '
                f'(its first: {_inside(names[0])})'
            )
        found |= chosen
    return found


def _without(state: Mapping[str, torch.Tensor], left_out: Set[str]) -> Dict[str, torch.Tensor]:
    """Without the tensors left out, also under the name that MMPose 0.x gave them."""
    kept = OrderedDict(
        (name, value)
        for name, value in state.items()
        if name.replace('keypoint_head.', 'head.') not in left_out
    )
    if hasattr(state, '_metadata'):
        kept._metadata = state._metadata  # type: ignore[attr-defined]
    return kept
