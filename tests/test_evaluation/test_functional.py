"""Means by joint and action, and names of joints, by hand."""

import numpy as np
import pytest
import torch

from mmpose_al.evaluation.functional import breakdown, describe, indices_of, joint_names, to_numpy


def test_means_of_all_of_each_joint_and_of_each_action():
    values = np.array([[1.0, 2], [3, 4], [5, 60]])
    counted = np.array([[True, True], [False, True], [True, False]])
    assert breakdown('error', values, counted) == {'error': 3.0}
    found = breakdown('error', values, counted, ['a', 'b'], ['walk', None, 'sit'])
    assert found == {
        'error': 3.0,
        'error/joint/a': 3.0,
        'error/joint/b': 3.0,
        'error/action/sit': 5.0,
        'error/action/walk': 1.5,
    }


def test_where_nothing_counts_there_is_no_mean():
    found = breakdown('error', np.ones((1, 2)), np.array([[True, False]]), ['a', 'b'])
    assert found['error'] == found['error/joint/a'] == 1
    assert np.isnan(found['error/joint/b'])


def test_joints_are_named_by_the_data_set():
    meta = dict(keypoint_id2name={0: 'a', 1: 'b'})
    assert joint_names(meta, 2) == ['a', 'b']
    assert indices_of(['a', 'b'], ['b', 'a'], 'EPE') == [1, 0]
    with pytest.raises(ValueError, match=r"have 3 joints, .* names 2: \['a', 'b'\]"):
        joint_names(meta, 3)
    with pytest.raises(ValueError, match='dataset_meta'):
        joint_names(None, 2)
    with pytest.raises(ValueError, match=r"EPE: .* no joint 'c'; it has \['a', 'b'\]"):
        indices_of(['a', 'b'], ['a', 'c'], 'EPE')


def test_samples_and_values():
    assert describe(dict(id=3, img_path='x.jpg')) == 'sample id 3, image x.jpg'
    for values in (torch.ones(2, requires_grad=True), np.ones(2, np.float32), [1, 1]):
        found = to_numpy(values)
        assert found.dtype == np.float64 and found.tolist() == [1, 1]
