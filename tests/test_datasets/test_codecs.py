"""The 2.5D codec."""

import numpy as np
from mmpose.registry import KEYPOINT_CODECS

import mmpose_al.datasets  # noqa: F401
from tests.views_3d import CODEC


def test_codec_round_trip():
    codec = KEYPOINT_CODECS.build(CODEC)
    keypoints = np.random.RandomState(0).uniform(12, 48, (1, 17, 2)).astype(np.float32)
    depth = np.linspace(-1, 1, 17, dtype=np.float32)[None]
    encoded = codec.encode(keypoints, np.ones((1, 17)), depth, np.ones((1, 17)))
    decoded, scores = codec.decode_depth(encoded['heatmaps'], encoded['relative_depth'][0])
    assert decoded.shape == (1, 17, 3) and scores.min() > 0.8
    assert np.abs(decoded[..., :2] - keypoints).max() < 0.5
    assert (decoded[..., 2] == depth).all()
    assert not codec.encode(keypoints)['relative_depth_weights'].any()
