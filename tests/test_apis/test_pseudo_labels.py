"""Pseudo-labels, by hand."""

import numpy as np
import pytest
from mmengine.config import Config

from mmpose_al.apis.pseudo_labels import relabel, source_of


def test_pseudo_labels_by_hand():
    data = dict(
        info=dict(format='f'),
        poses_3d=[1],
        cameras=[2],
        frames=[3],
        images=[dict(id=7, width=10, height=10)],
        annotations=[
            dict(id=1, image_id=7, bbox=[0, 0, 9, 9], keypoints=[9, 9, 2] * 3, num_keypoints=3),
            dict(id=2, image_id=7, bbox=[0, 0, 9, 9], keypoints=[]),
        ],
    )
    found = {1: (np.array([[1.0, 2], [3, 4], [5, 11]]), np.array([0.6, 0.5, 0.9]))}
    out = relabel(data, found, 0.5)
    # sure; not above the threshold; sure, but outside the image
    (annotation,) = out['annotations']
    assert annotation['keypoints'] == [1, 2, 2, 0, 0, 0, 0, 0, 0]
    assert annotation['num_keypoints'] == 1
    assert annotation['keypoint_scores'] == [0.6, 0.5, 0.9]
    assert 'poses_3d' not in out and out['cameras'] == [2]
    assert out['info']['pseudo_labels'] == dict(threshold=0.5)
    assert data['annotations'][0]['num_keypoints'] == 3  # the source is left alone


def test_source_of_pseudo_labels():
    config = Config(dict(a=dict(one=[dict(x=1)], two=[dict(x=2), dict(x=3)], d=dict(x=4), none=[])))
    assert source_of(config, 'a.d').x == 4
    assert source_of(config, 'a.one').x == 1 and source_of(config, 'a.two.1').x == 3
    with pytest.raises(
        ValueError, match='a.two is a list of 2; name one by --data a.two.0 to --data a.two.1'
    ):
        source_of(config, 'a.two')
    for key in ('a.none', 'b.c', 'a.two.2', 'a.two.x'):
        with pytest.raises(ValueError, match=f'has no {key}'):
            source_of(config, key)
