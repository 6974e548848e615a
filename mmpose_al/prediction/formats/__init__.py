"""Files of 2D keypoints: one module a format, in a table.

Each module has ``ENDING`` of its files, ``HELP`` in a line, and ``write(path, predictions)``.
"""

from importlib import import_module
from types import ModuleType

NAMES = ('coco', 'deeplabcut', 'sleap', 'nwb')
DEFAULT = ('coco', 'deeplabcut')


def named(name: str) -> ModuleType:
    """The module of a format."""
    return import_module(f'{__name__}.{name}')
