"""Targets of the 2.5D head: heatmaps and relative depths."""

from typing import Optional, Tuple

import numpy as np
from mmpose.codecs import MSRAHeatmap
from mmpose.registry import KEYPOINT_CODECS


@KEYPOINT_CODECS.register_module()
class Heatmap2p5D(MSRAHeatmap):
    """MSRA's heatmaps beside relative depths (Iqbal20, Sec. 3.2).

    Encoded: ``heatmaps`` (J, h, w), ``keypoint_weights`` (1, J), ``relative_depth`` and
    ``relative_depth_weights`` (1, J); the last two are those that
    :class:`~mmpose_al.datasets.transforms.InputCamera` made, or zeros.

    Args: As :class:`mmpose.codecs.MSRAHeatmap`.
    """

    auxiliary_encode_keys = {'relative_depth', 'relative_depth_weights'}
    label_mapping_table = dict(
        keypoint_weights='keypoint_weights',
        relative_depth='relative_depth',
        relative_depth_weights='relative_depth_weights',
    )
    field_mapping_table = dict(heatmaps='heatmaps')

    def encode(
        self,
        keypoints: np.ndarray,
        keypoints_visible: Optional[np.ndarray] = None,
        relative_depth: Optional[np.ndarray] = None,
        relative_depth_weights: Optional[np.ndarray] = None,
    ) -> dict:
        """See :meth:`mmpose.codecs.MSRAHeatmap.encode`."""
        encoded = super().encode(keypoints, keypoints_visible)
        zeros = np.zeros(keypoints.shape[:2], np.float32)
        encoded['relative_depth'] = zeros if relative_depth is None else relative_depth
        encoded['relative_depth_weights'] = (
            zeros if relative_depth_weights is None else relative_depth_weights
        )
        return encoded

    def decode_depth(
        self, heatmaps: np.ndarray, depths: np.ndarray
    ) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """2.5D pose of one image's heatmaps and depths.

        Args:
            heatmaps (np.ndarray): Shape (J, h, w).
            depths (np.ndarray): Relative depths, (J, ).

        Returns:
            tuple: Keypoints in input pixels with z^r, (1, J, 3), and scores (1, J).
        """
        keypoints, scores = self.decode(heatmaps)
        return np.concatenate([keypoints, depths[None, :, None]], -1), scores
