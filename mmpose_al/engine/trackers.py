"""Experiment trackers that refuse names of metrics: MLflow, Neptune, DVCLive.

MLflow takes letters, digits and ``_-. /`` alone, no ``@`` or parenthesis. In MLflow's folders,
in Neptune and in DVCLive a metric ``pck/bbox@0.1`` leaves no room for ``pck/bbox@0.1/wrist``.
TensorBoard, W&B and ClearML take every name.

The backends stand in mmpose's registry under MMEngine's names, so a config says
``dict(type='MLflowVisBackend')`` as MMEngine's documentation does, and gets these.
"""

import re
from collections.abc import Mapping
from typing import Any, Dict, Optional

from mmengine import visualization
from mmpose.registry import VISBACKENDS


def tracked_name(name: str) -> str:
    """A metric's name as every tracker takes it.

    >>> tracked_name('student0/pck/bbox@0.1/left_wrist')
    'student0/pck.bbox_0.1.left_wrist'
    >>> tracked_name('coco/AP (M)')
    'coco/AP M'

    Behind the first slash, which groups charts, a dot stands for a slash.
    """
    first, slash, rest = name.partition('/')
    return accepted(first) + slash + accepted(rest.replace('/', '.'))


def accepted(text: str) -> str:
    """Without parentheses, and ``_`` for what else MLflow refuses."""
    return re.sub(r'[^\w./ -]', '_', re.sub(r'[()]', '', text))


class TrackedNames:
    """Before a backend of MMEngine: metrics have names that the tracker takes."""

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        """See MMEngine's backends."""
        super().add_scalar(tracked_name(name), value, step, **kwargs)  # type: ignore[misc]

    def add_scalars(
        self, scalar_dict: dict, step: int = 0, file_path: Optional[str] = None, **kwargs: Any
    ) -> None:
        """See MMEngine's backends."""
        renamed = {tracked_name(name): value for name, value in scalar_dict.items()}
        super().add_scalars(renamed, step, file_path, **kwargs)  # type: ignore[misc]


@VISBACKENDS.register_module()
class MLflowVisBackend(TrackedNames, visualization.MLflowVisBackend):
    """MMEngine's, for any name of a metric and any config."""

    def _flatten(self, d: Mapping, parent_key: str = '', sep: str = '.') -> Dict[str, Any]:
        """A config as parameters; MMEngine's fails on numbers as keys and on mixed lists."""
        items: Dict[str, Any] = {}
        for key, value in d.items():
            name = f'{parent_key}{sep}{key}' if parent_key else str(key)
            if isinstance(value, (list, tuple)) and any(isinstance(v, Mapping) for v in value):
                value = dict(enumerate(value))
            if isinstance(value, Mapping):
                items.update(self._flatten(value, name, sep))
            else:
                items[accepted(name)] = value
        return items


@VISBACKENDS.register_module()
class NeptuneVisBackend(TrackedNames, visualization.NeptuneVisBackend):
    """MMEngine's, for any name of a metric."""


@VISBACKENDS.register_module()
class DVCLiveVisBackend(TrackedNames, visualization.DVCLiveVisBackend):
    """MMEngine's, for any name of a metric."""
