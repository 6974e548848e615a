"""Pose models that learn from few labels: an extension of MMPose 1.x.

Importing this package registers its types into mmpose's registries and allow-lists
the harmless types an MMEngine checkpoint holds, so that ``--resume`` works on
torch >= 2.6. It has no other effect.
"""

from .version import __version__  # isort: skip
from . import active_learning, datasets, engine, evaluation, geometry, models

__all__ = ['__version__']
