"""One pass over the pool: images in, a table with a few numbers for each view out."""

from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence

import numpy as np
import torch
from torch import nn

from ..confidence import ConfidenceMap
from .pool import UNITS
from .statistics import Statistic, ViewStatistics, chosen_statistics, concatenate
from .statistics.batch import Batch, Networks
from .strategies.base import QueryStrategy


def scoring_networks(
    model: nn.Module, needs: Sequence[str] = (), start: Optional[nn.Module] = None
) -> Networks:
    """The networks of a model that score, as what strategies need has it.

    Args:
        model (nn.Module): An estimator.
        needs (Sequence[str]): Names of statistics that strategies ask for.
        start (nn.Module, optional): One of its networks before any training.
    """
    chosen = chosen_statistics(needs)
    return Networks(model, any(chosen[n].every_student for n in needs if n in chosen), start)


def given_statistics(
    networks: Networks, needs: Sequence[str] = (), trained: bool = True
) -> Dict[str, Statistic]:
    """What a pass computes, by name, without what the networks cannot give.

    Args:
        networks (Networks): The networks.
        needs (Sequence[str]): What strategies ask for.
        trained (bool): Whether the networks are. Before that few statistics say something.
    """
    chosen = chosen_statistics(needs)
    return {
        name: each
        for name, each in chosen.items()
        if (trained or each.untrained) and not each.lacks(networks)
    }


def check_untrained(strategy: QueryStrategy) -> None:
    """Raise unless a strategy can choose before any training.

    Raises:
        ValueError: It reads what a trained network predicts.
    """
    chosen = chosen_statistics(strategy.statistics)
    read = [name for name in strategy.statistics if not chosen[name].untrained]
    read += [name for name in ('cameras', 'frames') if name in strategy.needs]
    if read:
        raise ValueError(
            f'active_learning.initial_strategy: {type(strategy).__name__} reads what a trained '
            f'network predicts ({", ".join(read)}), and before the first training there is '
            'none. Diverse, FirstFrames and RandomSampling need none'
        )


def check_model(
    model: nn.Module, strategy: QueryStrategy, confidence: Optional[ConfidenceMap] = None
) -> None:
    """Raise unless a model can score a pool as a strategy needs it.

    Args:
        model (nn.Module): An estimator.
        strategy (QueryStrategy): Who reads the scores.
        confidence (ConfidenceMap, optional): What the scores of its joints are worth.

    Raises:
        ValueError: The joints of the model cannot be read; it lacks what a statistic that the
            strategy reads is made of, or has too few joints; there is no such statistic; or the
            confidence is of other joints.
    """
    needs = strategy.statistics
    networks, chosen = scoring_networks(model, needs), chosen_statistics(needs)
    networks.check()
    for name in needs:
        fault = chosen[name].lacks(networks)
        if fault:
            remedy = chosen[name].remedy or 'train another model, or choose another strategy'
            raise ValueError(f'{type(strategy).__name__} {fault}; {remedy}')
    strategy.check_joints(networks.joints)
    if confidence is not None:
        confidence.check_joints(networks.joints)


def column(name: str, statistic: Statistic, batch: Batch, sizes: Dict[str, int]) -> np.ndarray:
    """What a statistic makes of a batch, as a column.

    Args:
        name (str): Of the column.
        statistic (Statistic): What to compute.
        batch (Batch): B views.
        sizes (dict): What the letters of shapes stand for; new ones are added.

    Returns:
        ndarray: Shape (B, ...), of the statistic's dtype.

    Raises:
        ValueError: It gave another number of rows or another shape, or nothing for a view
            that must have a value.
    """
    values = statistic.compute(batch)
    if isinstance(values, torch.Tensor):
        values = values.cpu().numpy()
    elif isinstance(values, list) and any(value is None for value in values):
        if statistic.missing is None:
            sample = batch.samples[values.index(None)].metainfo
            raise ValueError(f'image {sample.get("img_path")!r}: a person has no {name}')
        row = tuple(sizes[size] if isinstance(size, str) else size for size in statistic.shape)
        filler: np.ndarray = np.full(row, statistic.missing, statistic.dtype)
        values = [filler if value is None else value for value in values]
    array: np.ndarray = np.asarray(values).astype(statistic.dtype, copy=False)
    expected = (len(batch), *statistic.shape)
    if array.ndim == len(expected):
        expected = tuple(
            sizes.setdefault(size, length) if isinstance(size, str) else size
            for size, length in zip(expected, array.shape)
        )
    if array.shape != expected:
        raise ValueError(
            f'the statistic {name!r} gave an array of shape {array.shape} for {len(batch)} '
            f'views; its shape is {expected}'
        )
    return array


@torch.no_grad()
def check_finite(batch: Batch) -> None:
    """Raise FloatingPointError where a network's output for a batch is not finite."""
    for index, output in enumerate(batch.every_output):
        # A sum of all is at once; only a strange one is looked into.
        if bool(torch.isfinite(output.sum())) or bool(torch.isfinite(output).all()):
            continue
        finite = torch.isfinite(output).flatten(1).all(1)
        sample = batch.samples[int((~finite).nonzero()[0])].metainfo
        raise FloatingPointError(
            f'the outputs of network {index} are not finite for {int((~finite).sum())} of '
            f'{len(output)} images, the first is {sample.get("img_path")!r}: the network '
            'diverged, and no label is asked for. Train it again with a smaller learning rate '
            '(optim_wrapper.optimizer.lr) or with optim_wrapper.clip_grad'
        )


@torch.no_grad()
def score_batch(
    batch: Batch, statistics: Dict[str, Statistic], sizes: Optional[Dict[str, int]] = None
) -> ViewStatistics:
    """The rows of a batch of views.

    Args:
        batch (Batch): The views.
        statistics (dict): Name -> what to compute.
        sizes (dict, optional): See :func:`column`; number of keypoints by default.
    """
    sizes = dict(K=batch.networks.joints) if sizes is None else sizes
    return ViewStatistics(
        **{name: column(name, statistic, batch, sizes) for name, statistic in statistics.items()}
    )


def score_pool(
    model: nn.Module,
    loader: Iterable,
    unit: str,
    needs: Sequence[str] = (),
    progress: Optional[Callable[[int], None]] = None,
    start: Optional[nn.Module] = None,
    trained: bool = True,
) -> ViewStatistics:
    """Statistics of all views that this process's loader yields.

    What every pass computes and the model can give, and what strategies need.

    Args:
        model (nn.Module): An estimator; it is put into evaluation mode.
        loader (Iterable): Batches as MMEngine's data loaders give them.
        unit (str): What is labelled at once: ``'frames'``, ``'images'`` or
            ``'instances'``.
        needs (Sequence[str]): What the strategies ask for.
        progress (callable, optional): Told how many views each batch had.
        start (nn.Module, optional): One of its networks before any training, where a
            strategy asks for ``appearance``.
        trained (bool): Whether the model is; else only statistics that need no training.

    Raises:
        ValueError: An unknown unit or statistic, or a view without the ids that it needs.
        FloatingPointError: See :func:`check_finite`.
    """
    if unit not in UNITS:
        raise ValueError(f'unit is one of {UNITS}; got {unit!r}')
    networks = scoring_networks(model, needs, start)
    statistics, sizes = given_statistics(networks, needs, trained), dict(K=networks.joints)
    preprocess: Any = model.data_preprocessor
    for network in (model, start):
        if network is not None:
            network.eval()
    parts: List[ViewStatistics] = []
    for raw in loader:
        data = preprocess(raw, False)
        inputs, samples = data['inputs'], data['data_samples']
        if isinstance(inputs, list):
            inputs = torch.stack(inputs)
        batch = Batch(networks, inputs, samples, unit)
        if trained:
            check_finite(batch)
        parts.append(score_batch(batch, statistics, sizes))
        if progress is not None:
            progress(len(samples))
    if not parts:
        raise ValueError('the pool has no view to score')
    return concatenate(parts)
