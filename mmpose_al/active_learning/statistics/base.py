"""What a statistic of the pool pass is: a column with a shape, and how it is computed."""

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple, Type, Union

import numpy as np

from ..registry import STATISTICS
from .table import check_name

if TYPE_CHECKING:
    import torch

    from .batch import Batch, Networks
else:  # that module loads PyTorch
    Batch = Networks = Any

#: B rows; in a list None stands for a missing one.
Rows = Union[np.ndarray, 'torch.Tensor', List[Any]]

#: What a strategy may need of the pool's file rather than of the pass over the pool.
POOL_PROPERTIES = ('cameras', 'frames')


class Statistic:
    """One column of :class:`~mmpose_al.active_learning.statistics.ViewStatistics`.

    A subclass is registered under the name of its column, by which strategies ask for it,
    and defines :meth:`compute`::

        @STATISTICS.register_module('sharpness')
        class Sharpness(Statistic):
            def compute(self, batch):
                ...

    Attributes:
        dtype: Of the column.
        shape (tuple): Of a row. A letter stands for a size that the model decides, ``'K'``
            for its keypoints; the same letter is the same size in every column.
        missing: What stands where a view has no value; None: every view must have one.
        always (bool): Computed in every pass whose model can; else only where a strategy
            asks for it.
        untrained (bool): It says something of a view before any training: it reads no
            prediction of the networks.
        every_student (bool): Where a strategy asks for it, all students of an estimator
            score, not only those that predict.
        remedy (str): How to have it, for errors: what a model must be.
    """

    dtype: type = np.float32
    shape: Tuple[Union[int, str], ...] = ()
    missing: Optional[float] = float('nan')
    always = False
    untrained = False
    every_student = False
    remedy = ''

    def lacks(self, networks: Networks) -> str:
        """What a model lacks to give it, '' if nothing.

        Args:
            networks (Networks): The networks of the model that score.

        Returns:
            str: The end of a sentence about the strategy that asks, e.g. ``'compares the
            joints of two networks, but the model has one'``.
        """
        return ''

    def compute(self, batch: Batch) -> Rows:
        """The rows of a batch of B views.

        Args:
            batch (Batch): The views, and what several statistics need, computed once.

        Returns:
            ndarray | Tensor | list: B rows; in a list None stands for a missing one.
        """
        raise NotImplementedError


def chosen_statistics(needs: Sequence[str] = ()) -> Dict[str, Statistic]:
    """What a pass computes, by name: what every pass does, and what strategies need.

    Args:
        needs (Sequence[str]): Names of statistics; properties of the pool are passed over.

    Raises:
        ValueError: There is no such statistic.
    """
    asked = set(needs) - set(POOL_PROPERTIES)
    known = registered_statistics()
    unknown = sorted(asked - set(known))
    if unknown:
        raise ValueError(
            f'a strategy needs {", ".join(map(repr, unknown))}, but no statistic is registered '
            f'under that name; there are {", ".join(known)}, and of the pool '
            f'{", ".join(POOL_PROPERTIES)}. A module that registers one is imported by '
            'custom_imports of the config'
        )
    return {name: kind() for name, kind in known.items() if kind.always or name in asked}


def registered_statistics() -> Dict[str, Type[Statistic]]:
    """All statistics by the name of their column.

    Raises:
        ValueError: One has a name that no column can have.
    """
    STATISTICS.import_from_location()
    for name in STATISTICS.module_dict:
        check_name(name)
    return dict(STATISTICS.module_dict)


def how_to_have(name: str) -> str:
    """What to do to have a statistic in the scores, for errors."""
    remedy = getattr(STATISTICS.get(name), 'remedy', '')
    return (f'{remedy}, and ' if remedy else '') + (
        'score the pool again with this strategy in the config (active_learning.strategy)'
    )
