"""Loading MMEngine checkpoints under PyTorch's ``weights_only=True``."""

import pickle
from typing import Callable

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

STATISTICS = ('min', 'max', 'mean', 'current')


def allow_mmengine_checkpoints() -> None:
    """Allow-list the harmless types that an MMEngine checkpoint holds.

    PyTorch >= 2.6 loads with ``weights_only=True`` and then refuses
    MMEngine's own checkpoints (mmengine #1655). Their log history and data
    set metainfo hold exactly: ``HistoryBuffer``, NumPy arrays, dtypes and
    scalars. NumPy 1 and 2 write these under different module names; each
    version reads the other's.

    A ``HistoryBuffer`` also names its four statistics as
    ``getattr(HistoryBuffer, 'min')``. ``getattr`` itself would hand out
    anything, so its name is bound to :func:`history_statistic`, which gives
    these four and nothing else. The check itself stays on. Does nothing where
    PyTorch does not check by default (< 2.6).
    """
    version = torch.__version__.split('+')[0].split('.')
    if (int(version[0]), int(version[1])) >= (2, 6):
        torch.serialization.add_safe_globals(safe_globals())


def safe_globals() -> list:
    """The allow-list: objects, or pairs of object and the name it is read as."""
    # NumPy's _reconstruct and scalar, wherever this version keeps them.
    functions = np.zeros(1).__reduce__()[0], np.float64(0).__reduce__()[0]
    named = [
        (function, f'numpy.{module}.multiarray.{function.__name__}')
        for function in functions
        for module in ('core', '_core')
    ]
    dtypes = {type(np.dtype(code)) for code in '?bBhHiIlLqQefdgFDGSUMm'}
    return (
        # bytes: an array without elements, as a skeleton without limbs has it
        [HistoryBuffer, np.ndarray, np.dtype, bytes, *functions]
        + sorted(dtypes, key=str)
        + named
        + [(history_statistic, 'builtins.getattr')]
    )


def history_statistic(owner: type, name: str) -> Callable:
    """One of the four statistics of ``HistoryBuffer``.

    Raises:
        pickle.UnpicklingError: For every other owner or name.
    """
    if owner is not HistoryBuffer or name not in STATISTICS:
        raise pickle.UnpicklingError(
            f'the checkpoint asks for attribute {name!r} of {owner!r}; only the '
            'statistics of HistoryBuffer are allowed'
        )
    return getattr(HistoryBuffer, name)
