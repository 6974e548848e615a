"""Files of 3D keypoints: one module a format, in a table.

Each module has ``ENDING`` of its files, ``HELP`` in a line, and ``write(path, poses)``. All are
in millimetres and in the calibration's world.
"""

from importlib import import_module
from types import ModuleType

NAMES = ('table', 'json', 'trc', 'c3d', 'multiview')
DEFAULT = ('table', 'json', 'trc', 'multiview')
MODULES = dict(table='table', json='document', trc='trc', c3d='c3d_file', multiview='multiview')


def named(name: str) -> ModuleType:
    """The module of a format."""
    return import_module(f'{__name__}.{MODULES[name]}')
