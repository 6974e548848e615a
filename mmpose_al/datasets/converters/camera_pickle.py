"""Reading ``cameras.pkl`` of MMPose's preparation scripts without trusting it.

A pickle can run any code. This reader knows builtin containers, numbers, strings and
NumPy arrays of numbers, which is what those files hold, and refuses all else before
anything of it is called.
"""
import pickle
from typing import Sequence

import numpy as np

from ..format import FormatError, message

ALLOWED = {
    ('numpy', 'ndarray'): np.ndarray,
    ('numpy', 'dtype'): np.dtype,
}
# NumPy 2 moved numpy.core to numpy._core; both names stand in files.
MULTIARRAY = ('numpy.core.multiarray', 'numpy._core.multiarray')
RECONSTRUCT = np.zeros(0).__reduce__()[0]
SCALAR = np.float64(0).__reduce__()[0]


class ArrayUnpickler(pickle.Unpickler):
    """Accepts builtin containers, numbers, strings and NumPy arrays."""

    def find_class(self, module, name):
        if module in MULTIARRAY and name in ('_reconstruct', 'scalar'):
            return RECONSTRUCT if name == '_reconstruct' else SCALAR
        try:
            return ALLOWED[module, name]
        except KeyError:
            raise FormatError(
                f'holds {module}.{name}, which is neither a number, a string, a '
                'builtin container nor a NumPy array') from None

    def persistent_load(self, pid):
        raise FormatError('refers to data outside the file')


def load_camera_pickle(path: str) -> dict:
    """Read a pickled dictionary of cameras.

    Returns:
        dict: key -> dict of the camera's fields.

    Raises:
        FormatError: The file holds something else, or is broken.
    """
    remedy = ("Nothing of it was run. Make the file with MMPose's own preparation "
              'script, or get it from someone you trust.')
    try:
        with open(path, 'rb') as file:
            cameras = ArrayUnpickler(file).load()
    except FileNotFoundError:
        raise FormatError(f'{path}: no such file. Check --cameras.') from None
    except FormatError as error:
        raise FormatError(f'{path}: {error}. {remedy}') from None
    except Exception as error:  # a broken pickle can raise nearly anything
        raise FormatError(f'{path}: is not a readable pickle ({error!r}). Copy or '
                          'make it again.') from None
    if not isinstance(cameras, dict) or not all(
            isinstance(camera, dict) for camera in cameras.values()):
        raise FormatError(f'{path}: is not a dictionary of cameras. {remedy}')
    return cameras


def camera_field(path: str, key, camera: dict, field: str,
                 size: int) -> np.ndarray:
    """The field of a camera as ``size`` finite float64 numbers, flat."""
    entry = f'camera {key!r}'
    if field not in camera:
        raise FormatError(message(
            path, entry, field, f'is missing, the camera has {sorted(camera)}',
            "make the file again with MMPose's preparation script"))
    try:
        value = np.asarray(camera[field], dtype=np.float64).ravel()
    except (TypeError, ValueError):
        value = np.zeros(0)
    if value.size != size or not np.isfinite(value).all():
        raise FormatError(message(
            path, entry, field, f'is {camera[field]!r}, not {size} finite number'
            + 's' * (size > 1), "make the file again with MMPose's preparation "
            'script'))
    return value


def known(path: str, cameras: dict, key, needed_by: str) -> dict:
    """The camera of a key, or an error that tells which there are."""
    if key not in cameras:
        names: Sequence = sorted(map(str, cameras))
        raise FormatError(message(
            path, f'camera {key!r}', 'key', f'is missing, but {needed_by} needs it; '
            f'there are {", ".join(names[:8])}' + ' ...' * (len(names) > 8),
            'give the camera file that belongs to the annotations'))
    return cameras[key]
