"""Pose models that learn from few labels: an extension of MMPose 1.x.

Importing this package registers its types into mmpose's registries and allow-lists
the harmless types an MMEngine checkpoint holds, so that ``--resume`` works on
torch >= 2.6. It has no other effect. In a process that was started as the command line
it does nothing; there the commands that need the types call :func:`register`.
"""

from .registration import is_command_line, register
from .version import __version__

if not is_command_line():
    register()

__all__ = ['__version__', 'register']
