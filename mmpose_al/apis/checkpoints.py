"""Loading MMEngine checkpoints under PyTorch's ``weights_only=True``."""

import codecs
import os.path as osp
import pickle
from types import SimpleNamespace
from typing import IO, Any, Callable, Dict, Optional

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader

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
    these four and nothing else. The check itself stays on.

    Before 2.6 PyTorch does not check by default, and has no such list. There MMEngine's
    loader of files is replaced by :func:`load_checked`, which allows the same.
    """
    if _checks_by_default():
        torch.serialization.add_safe_globals(safe_globals())
    else:
        CheckpointLoader.register_scheme(prefixes='', loader=load_checked, force=True)


def _checks_by_default() -> bool:
    """Whether this PyTorch loads with ``weights_only=True``, and takes a list of types."""
    version = torch.__version__.split('+')[0].split('.')
    return (int(version[0]), int(version[1])) >= (2, 6)


def load_safely(path: str) -> Any:
    """What a checkpoint's file holds, on the CPU; nothing of it is run, whatever the PyTorch.

    Args:
        path (str): A local file.

    Raises:
        FileNotFoundError: There is none.
        pickle.UnpicklingError, RuntimeError, ...: It is no checkpoint, or asks for something
            else than tensors and what MMEngine logs.
    """
    if not _checks_by_default():
        return load_checked(path, 'cpu')
    allow_mmengine_checkpoints()
    return torch.load(path, map_location='cpu', weights_only=True)


def load_checked(filename: str, map_location: Any = None) -> Any:
    """Load a checkpoint's file; of its pickle only tensors and harmless types are built.

    Args:
        filename (str): A local file.
        map_location: See ``torch.load``.

    Raises:
        FileNotFoundError: There is none.
        pickle.UnpicklingError: The file asks for something else.
    """
    path = osp.expanduser(filename)
    if not osp.isfile(path):
        raise FileNotFoundError(f'{filename} can not be found.')
    return torch.load(path, map_location, pickle_module=CHECKED_PICKLE, weights_only=False)


class _CheckedUnpickler(pickle.Unpickler):
    """Builds what :func:`allowed_globals` names."""

    allowed: Optional[Dict[str, Any]] = None

    def find_class(self, module: str, name: str) -> Any:
        """See pickle; Python 2's name of the builtins is known."""
        if _CheckedUnpickler.allowed is None:
            _CheckedUnpickler.allowed = allowed_globals()
        full = f'{module.replace("__builtin__", "builtins")}.{name}'
        if full not in _CheckedUnpickler.allowed:
            raise pickle.UnpicklingError(
                f'the checkpoint asks for {full}, which could run code; only tensors, NumPy arrays '
                'and what MMEngine logs are loaded'
            )
        return _CheckedUnpickler.allowed[full]


def _load(file: IO[bytes], **options: Any) -> Any:
    return _CheckedUnpickler(file, **options).load()


#: In place of the module ``pickle``, for ``torch.load``.
CHECKED_PICKLE = SimpleNamespace(
    Unpickler=_CheckedUnpickler, load=_load, __name__='checked_pickle', dumps=pickle.dumps
)


def allowed_globals() -> Dict[str, Any]:
    """Name in a pickle -> what it stands for: PyTorch's own list, and :func:`safe_globals`."""
    allowed = dict(torch._weights_only_unpickler._get_allowed_globals())
    allowed['_codecs.encode'] = codecs.encode  # bytes in pickles that Python 2 could read
    allowed['builtins.set'] = set
    for each in safe_globals():
        thing, name = each if isinstance(each, tuple) else (each, '')
        allowed[name or f'{thing.__module__}.{thing.__qualname__}'] = thing
    return allowed


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
