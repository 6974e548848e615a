"""How large a person is in a view."""

from typing import Any

from ..registry import STATISTICS
from .base import Batch, Rows, Statistic


@STATISTICS.register_module('box_side')
class BoxSide(Statistic):
    """Longer side of the person's box in pixels of the image, float32; NaN without a box."""

    untrained = True

    def compute(self, batch: Batch) -> Rows:
        """Of the box that the person was cropped by."""
        sides = []
        for sample in batch.samples:
            boxes: Any = sample.gt_instances.get('bboxes') if 'gt_instances' in sample else None
            known = boxes is not None and len(boxes)
            sides.append(float((boxes[0, 2:4] - boxes[0, :2]).max()) if known else None)
        return sides
