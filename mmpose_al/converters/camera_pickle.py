"""Reading ``cameras.pkl`` of MMPose's preparation scripts without trusting it.

A pickle can run any code. This reader knows builtin containers, numbers, strings and
NumPy arrays of numbers, which is what those files hold, and refuses all else before
anything of it is called. Nothing of NumPy is called by the pickle either: its own
unpickling takes flags and bytes on trust. The file fills stand-ins, of which arrays
are made once it is read.
"""

import pickle
import re
from typing import Sequence

import numpy as np

from ..datasets.format import FormatError
from ..fileio import is_int, short

# NumPy 2 moved numpy.core to numpy._core; both names stand in files.
MOST = 10**6  # things in a file, written out
MULTIARRAY = ('numpy.core.multiarray', 'numpy._core.multiarray')


class _Dtype:
    """Stands in for a dtype of numbers; keeps its name and its byte order."""

    def __init__(self, name, align=False, copy=True):
        if not isinstance(name, str) or not re.fullmatch(r'[<>|=]?[biuf]\d+', name):
            raise FormatError(f'holds an array of dtype {name!r}, not of numbers')
        self.name, self.order = name, '='

    def __setstate__(self, state):
        if not isinstance(state[1], str) or state[1] not in ('<', '>', '|', '='):
            raise FormatError(f'holds a dtype of byte order {state[1]!r}')
        self.order = state[1]

    def build(self) -> np.dtype:
        return np.dtype(self.name).newbyteorder(self.order)


class _Array:
    """Stands in for an array; keeps the state that NumPy wrote of it."""

    def __init__(self, *empty):
        self.state = None

    def __setstate__(self, state):
        self.state = state

    def build(self) -> np.ndarray:
        _, shape, dtype, fortran, raw = self.state
        if not all(is_int(side) and side >= 0 for side in shape):
            raise FormatError(f'holds an array of shape {shape!r}')
        flat = _numbers(dtype, raw, int(np.prod(shape, dtype=object)))
        return flat.reshape(shape, order='F' if fortran else 'C')


class _Scalar:
    """Stands in for one NumPy number."""

    def __init__(self, dtype, raw):
        self.dtype, self.raw = dtype, raw

    def __setstate__(self, state):
        raise FormatError('holds a number with a state')

    def build(self) -> np.generic:
        return _numbers(self.dtype, self.raw, 1)[0]


STAND_INS = {('numpy', 'dtype'): _Dtype, ('numpy', 'ndarray'): _Array}
STAND_INS.update({(module, '_reconstruct'): _Array for module in MULTIARRAY})
STAND_INS.update({(module, 'scalar'): _Scalar for module in MULTIARRAY})


class ArrayUnpickler(pickle._Unpickler):  # type: ignore[name-defined]  # no stub names it
    """Accepts builtin containers, numbers, strings and NumPy arrays.

    The latter come as stand-ins, see :func:`_built`. In a few bytes a pickle can say a tuple of
    the same tuple twice, again and again; to hash or to write it takes forever. So what a tuple
    holds, written out, is counted as it is made, and all of it at the end.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.sizes: dict = {}  # id -> size and the tuple, which has to stay alive

    def _count_tuple(self):
        made = self.stack[-1]
        size = 1 + sum(self.sizes.get(id(item), (1,))[0] for item in made)
        _check_size(size)
        self.sizes[id(made)] = size, made

    dispatch = dict(pickle._Unpickler.dispatch)  # type: ignore[attr-defined]
    for _code in (pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3):

        def _made(self, _load=dispatch[_code[0]]):
            _load(self)
            self._count_tuple()

        dispatch[_code[0]] = _made

    def find_class(self, module, name):
        try:
            return STAND_INS[module, name]
        except KeyError:
            raise FormatError(
                f'holds {module}.{name}, which is neither a number, a string, a '
                'builtin container nor a NumPy array'
            ) from None

    def persistent_load(self, pid):
        raise FormatError('refers to data outside the file')


def _check_size(size: int) -> None:
    if size > MOST:
        raise FormatError(f'holds the same things again and again, more than {MOST:,} in all')


def _size(value, done: dict) -> int:
    """How many things a value holds, written out; ``done`` (id -> size) is filled."""
    if id(value) not in done:
        items: Sequence = ()
        if isinstance(value, dict):
            items = [*value.keys(), *value.values()]
        elif isinstance(value, (list, tuple, set, frozenset)):
            items = list(value)
        done[id(value)] = 1 + sum(_size(item, done) for item in items)
        _check_size(done[id(value)])
    return done[id(value)]


def _built(value, done: dict):
    """A value with arrays in place of stand-ins; ``done`` (id -> result) is filled."""
    if id(value) not in done:
        if isinstance(value, (_Dtype, _Array, _Scalar)):
            result = value.build()
        elif isinstance(value, dict):
            result = {_built(key, done): _built(item, done) for key, item in value.items()}
        elif isinstance(value, (list, tuple)):
            result = type(value)([_built(item, done) for item in value])
        else:
            result = value
        done[id(value)] = result
    return done[id(value)]


def _numbers(dtype: _Dtype, raw, count: int) -> np.ndarray:
    """``count`` numbers of bytes, flat."""
    if not isinstance(dtype, _Dtype) or not isinstance(raw, (bytes, str)):
        raise FormatError('holds an array of something else than numbers')
    if isinstance(raw, str):  # by Python 2
        raw = raw.encode('latin1')
    dtype = dtype.build()
    if len(raw) != count * dtype.itemsize:
        raise FormatError(f'holds an array of {count} numbers with {len(raw)} bytes')
    return np.frombuffer(raw, dtype)


def load_camera_pickle(path: str) -> dict:
    """Read a pickled dictionary of cameras.

    Returns:
        dict: key -> dict of the camera's fields.

    Raises:
        FormatError: The file holds something else, or is broken.
    """
    remedy = (
        "Nothing of it was run. Make the file with MMPose's own preparation "
        'script, or get it from someone you trust.'
    )
    try:
        with open(path, 'rb') as file:
            # Latin-1 keeps the bytes of Python 2's strings.
            content = ArrayUnpickler(file, encoding='latin1').load()
            _size(content, {})
            cameras = _built(content, {})
    except FileNotFoundError:
        raise FormatError(f'{path}: no such file. Check --cameras.') from None
    except FormatError as error:
        raise FormatError(f'{path}: {error}. {remedy}') from None
    except Exception as error:  # a broken pickle can raise nearly anything
        raise FormatError(
            f'{path}: is not a readable pickle ({error!r}). Copy or make it again.'
        ) from None
    if not isinstance(cameras, dict) or not all(
        isinstance(camera, dict) for camera in cameras.values()
    ):
        raise FormatError(f'{path}: is not a dictionary of cameras. {remedy}')
    return cameras


def camera_field(path: str, key, camera: dict, field: str, size: int) -> np.ndarray:
    """The field of a camera as ``size`` finite float64 numbers, flat."""
    entry = f'camera {key!r}'
    if field not in camera:
        raise FormatError.at(
            path,
            entry,
            field,
            f'is missing, the camera has {sorted(camera)}',
            "make the file again with MMPose's preparation script",
        )
    try:
        value = np.asarray(camera[field], dtype=np.float64).ravel()
    except (TypeError, ValueError):
        value = np.zeros(0)
    if value.size != size or not np.isfinite(value).all():
        raise FormatError.at(
            path,
            entry,
            field,
            f'is {short(camera[field], 200)}, not {size} finite number' + 's' * (size > 1),
            "make the file again with MMPose's preparation script",
        )
    return value


def known(path: str, cameras: dict, key, needed_by: str) -> dict:
    """The camera of a key, or an error that tells which there are."""
    if key not in cameras:
        names: Sequence = sorted(map(str, cameras))
        raise FormatError.at(
            path,
            f'camera {key!r}',
            'key',
            f'is missing, but {needed_by} needs it; '
            f'there are {", ".join(names[:8])}' + ' ...' * (len(names) > 8),
            'give the camera file that belongs to the annotations',
        )
    return cameras[key]
