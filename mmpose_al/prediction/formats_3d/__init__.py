"""Files of 3D keypoints: one module a format, in a table.

Each module has ``ENDING`` of its files, ``HELP`` in a line, and ``write(path, poses)``. All are
in millimetres and in the calibration's world.
"""

from importlib import import_module
from types import ModuleType

NAMES = ('table', 'json', 'trc', 'c3d', 'anipose', 'multiview')
DEFAULT = ('table', 'json', 'trc', 'multiview')
# Two have other names, lest they hide the libraries json and c3d.
MODULES = dict(json='document', c3d='c3d_file')


def named(name: str) -> ModuleType:
    """The module of a format."""
    return import_module(f'{__name__}.{MODULES.get(name, name)}')
