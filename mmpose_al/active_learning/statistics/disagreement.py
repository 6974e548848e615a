"""How far two networks' keypoints are apart."""

import numpy as np

from ..registry import STATISTICS
from .base import Batch, Networks, Rows, Statistic


@STATISTICS.register_module('disagreement')
class Disagreement(Statistic):
    """Mean distance of the first two networks' joints in pixels of the image, float32.

    Of networks with equal heatmaps the joints are whole pixels of these, their peaks; of others
    those that their codecs decode.

    Where a strategy asks for it, all students score, also of an estimator that predicts
    with one of them.
    """

    always = True
    every_student = True
    remedy = 'train a PoseDual or another dual estimator'

    def lacks(self, networks: Networks) -> str:
        """A second network."""
        if len(networks.each) > 1 and not networks.with_depth:
            return ''
        return (
            'compares the joints of two networks, but the model is a '
            f'{type(networks.model).__name__}'
        )

    def compute(self, batch: Batch) -> Rows:
        """See the class."""
        size, scale, _ = batch.crop
        factor = scale / size
        if batch.networks.kind == 'heatmaps':
            from ...geometry.heatmaps import peaks

            one, other = (
                peaks(heatmaps)[0].cpu().numpy().astype(np.float64)
                for heatmaps in batch.every_heatmaps[:2]
            )
            stride = np.asarray(batch.networks.first.head.decoder.scale_factor, np.float64)
            factor = stride * factor
        else:
            one, other = batch.every_joints[:2]
        return np.linalg.norm((one - other) * factor, axis=-1).mean(-1)
