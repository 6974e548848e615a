"""Whose view it is: ids of the annotation, image, unit, frame, camera and person."""

from typing import Any, Optional

import numpy as np

from ..registry import STATISTICS
from .base import Batch, Rows, Statistic


class _Id(Statistic):
    """A number of the sample's metainfo, int64."""

    dtype = np.int64
    missing: Optional[float] = None
    always = True
    untrained = True
    key = ''

    def compute(self, batch: Batch) -> Rows:
        """As the data set wrote it."""
        return batch.meta(self.key)


@STATISTICS.register_module('id')
class AnnotationId(_Id):
    """Id of the annotation (one person in one image)."""

    key = 'id'


@STATISTICS.register_module('image_id')
class ImageId(_Id):
    """Id of the image."""

    key = 'img_id'


@STATISTICS.register_module('unit')
class Unit(_Id):
    """Id of what is labelled at once: the frame, the image or the annotation."""

    def compute(self, batch: Batch) -> Rows:
        """See :func:`unit_of`."""
        return [unit_of(sample, batch.unit) for sample in batch.samples]


@STATISTICS.register_module('frame_id')
class FrameId(_Id):
    """Id of the frame of the rig; -1 of a single image."""

    key, missing = 'frame_id', -1


@STATISTICS.register_module('camera_id')
class CameraId(_Id):
    """Id of the camera; -1 without."""

    key, missing = 'camera_id', -1


@STATISTICS.register_module('person_id')
class PersonId(_Id):
    """Number of the person in the frame; 0 where people are not told apart."""

    key, missing = 'person_id', 0


def unit_of(sample: Any, unit: str) -> int:
    """Id of the unit that a sample belongs to.

    Raises:
        ValueError: The unit is ``'frames'`` and the sample has none.
    """
    info = sample.metainfo
    if unit == 'instances':
        return int(info['id'])
    if unit == 'images':
        return int(info['img_id'])
    if info.get('frame_id') is None:
        raise ValueError(
            f'image {info.get("img_path")!r} belongs to no frame; with '
            "unit='frames' every image of the pool has a frame_id "
            "(docs/multiview_format.md); else use unit='images'"
        )
    return int(info['frame_id'])
