"""One network of a trained estimator as an ordinary MMPose checkpoint."""

import ast
import os.path as osp
import pickle
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

import numpy as np
import torch

from ..fileio import atomic
from ..models.loading import networks_of, state_of
from .checkpoints import load_safely

ENSEMBLE = 'ensemble'


class Extracted(NamedTuple):
    """What was written.

    Attributes:
        network (str): ``'students.0'``, ``'teacher'``, ``'network'``.
        evaluated (str): The network whose predictions evaluations of the run judged, or
            ``'ensemble'``, the mean of all students.
        averaged (bool): Whether an ``EMAHook`` had averaged the weights. Evaluations judged
            the average.
        tensors (int): Their number.
    """

    network: str
    evaluated: str
    averaged: bool
    tensors: int


def extract_network(checkpoint: str, out: str, network: Optional[str] = None) -> Extracted:
    """Write the weights of one network, which load into the network's own config.

    The file holds tensors, numbers, texts and lists alone, so that any MMPose loads it with
    ``weights_only=True``.

    Args:
        checkpoint (str): Of PoseCons, PoseDual, MeanTeacherPose, ...
        out (str): File to write.
        network (str, optional): ``'students.1'``, ``'teacher'``; None: the one that was
            evaluated, and the first student where that was the mean of all.

    Raises:
        ValueError: It is no checkpoint, or has no such network; it names the file.
    """
    try:
        content = _read(checkpoint)
        state, meta = state_of(content), content.get('meta') or {}
        evaluated = evaluated_network(meta, state)
        if network is None:
            network = 'students.0' if evaluated == ENSEMBLE else evaluated
        chosen = network_state(state, network)
    except ValueError as error:
        raise ValueError(f'{checkpoint}: {error}') from None
    kept = {k: without_arrays(v) for k, v in meta.items() if k == 'dataset_meta'}
    with atomic(out, 'wb') as file:
        torch.save(dict(meta=kept, state_dict=chosen), file)
    return Extracted(network, evaluated, 'ema_state_dict' in content, len(chosen))


def _read(path: str) -> Any:
    """What a checkpoint file holds; nothing in it is run."""
    if osp.isdir(path):
        raise ValueError('it is a folder; name a checkpoint in it, such as iter_1000.pth')
    try:
        return load_safely(path)
    except FileNotFoundError:
        raise
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, OSError) as error:
        reason = f'{type(error).__name__}: {error}'.split('. ')[0].splitlines()[0]
        raise ValueError(
            f'it cannot be read as a checkpoint of tensors ({reason}); it may be cut off, no '
            'checkpoint, or hold objects that would run code'
        ) from None


def network_state(state: Mapping[str, torch.Tensor], network: str) -> Dict[str, torch.Tensor]:
    """Tensors of one network, named as in the network alone, each with memory of its own.

    Raises:
        ValueError: There is no such network.
    """
    prefix = f'{network}.'
    found = {k[len(prefix) :]: v.clone() for k, v in state.items() if k.startswith(prefix)}
    if not found:
        raise ValueError(
            f'no {spoken(network)}; the checkpoint holds '
            f'{", ".join(map(spoken, networks_of(list(state)))) or "a single network"}'
        )
    return found


def evaluated_network(meta: Mapping[str, Any], state: Mapping[str, torch.Tensor]) -> str:
    """The network that predicts in evaluations, or ``'ensemble'``.

    ``model.test_cfg.predict`` of the config in the checkpoint says it; without one, the
    default of the estimator with these tensors.

    Raises:
        ValueError: There are no networks in it.
    """
    known = networks_of(list(state))
    if not known:
        raise ValueError('it holds a single network already, or none of MMPose')
    predict = config_value(str(meta.get('cfg', '')), ['model', 'test_cfg', 'predict'])
    if isinstance(predict, int) and not isinstance(predict, bool):
        return f'students.{predict}'
    if predict == 'teacher' or (predict is None and 'teacher' in known and 'steps' in state):
        return 'teacher'
    students = [name for name in known if name.startswith('students.')]
    return ENSEMBLE if len(students) > 1 else (students or known)[0]


def config_value(text: str, path: List[str]) -> Any:
    """A literal in the text of a config, which is not run; None where there is none."""
    try:
        found: Any = ast.parse(text)
        entries = {
            target.id: node.value
            for node in found.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for number, name in enumerate(path):
            found = entries.get(name)
            if number + 1 < len(path):
                entries = _entries(found)
        return ast.literal_eval(found)
    except (SyntaxError, ValueError, TypeError, RecursionError):
        return None


def _entries(node: Any) -> Dict[Any, Any]:
    """Of ``dict(a=...)`` or ``{'a': ...}``."""
    if isinstance(node, ast.Call):
        return {keyword.arg: keyword.value for keyword in node.keywords}
    if isinstance(node, ast.Dict):
        return {ast.literal_eval(key): v for key, v in zip(node.keys, node.values) if key}
    return {}


def spoken(network: str) -> str:
    """``'students.0'`` as people say it."""
    return network.replace('students.', 'student ')


def without_arrays(value: Any) -> Any:
    """A data set's metainfo with lists and Python's numbers for what is NumPy's.

    What it holds several times is made once: a few bytes of a pickle can say a list of the
    same list twice, again and again.
    """
    return _plain(value, {})


def _plain(value: Any, done: Dict[int, Any]) -> Any:
    """:func:`without_arrays`; ``done``: id of a container -> its result."""
    if id(value) in done:
        return done[id(value)]
    if isinstance(value, dict):
        made: Any = {_plain(key, done): _plain(each, done) for key, each in value.items()}
    elif isinstance(value, (list, tuple, set)):
        made = [_plain(each, done) for each in value]
    elif isinstance(value, np.ndarray):
        return value.tolist()
    else:
        return value.item() if isinstance(value, np.generic) else value
    done[id(value)] = made
    return made
