"""Labels that count less than others, such as those that a model made: into the loss."""

from typing import Any, List

import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.datasets.transforms import GenerateTarget
from mmpose.registry import TRANSFORMS

#: Marks a sample whose ``keypoints_visible`` are (N, K, 2): visible or not, and a weight.
WEIGHTED = 'weighted_labels'


@TRANSFORMS.register_module()
class LabelWeights(BaseTransform):
    """Each joint's weight of its label, times the weight that the codec gave it.

    Annotations with ``keypoint_weights`` have them (docs/multiview_format.md). They travel
    beside the visibility, so that flips move them too, until ``GenerateTarget`` sets them
    aside. The data sets of this package put this transform behind it by themselves.

    Required keys, where ``weighted_labels`` is True: ``keypoints_visible_weights`` and
    ``keypoint_weights``, which is modified.
    """

    def transform(self, results: dict) -> dict:
        """See the class."""
        if not results.pop(WEIGHTED, False):
            return results
        given = np.asarray(results.pop('keypoints_visible_weights'), np.float32)
        own = results['keypoint_weights']
        several = isinstance(own, list)  # of several encoders
        made = [_weighed(np.asarray(each), given) for each in (own if several else [own])]
        results['keypoint_weights'] = made if several else made[0]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'


def _weighed(weights: np.ndarray, given: np.ndarray) -> np.ndarray:
    """A codec's weights (N, K, ...) times the labels' (N, K)."""
    given = given.reshape(given.shape + (1,) * (weights.ndim - given.ndim))
    return (weights * given).astype(weights.dtype)


def weigh_labels(transforms: List[Any]) -> bool:
    """Put :class:`LabelWeights` behind each ``GenerateTarget`` of a pipeline.

    Args:
        transforms (list): Of the pipeline; it is changed in place.

    Returns:
        bool: Whether the pipeline makes targets.
    """
    places = [i for i, step in enumerate(transforms) if isinstance(step, GenerateTarget)]
    for place in reversed(places):
        following = transforms[place + 1] if place + 1 < len(transforms) else None
        if not isinstance(following, LabelWeights):
            transforms.insert(place + 1, LabelWeights())
    return bool(places)
