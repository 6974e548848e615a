"""Clusters of poses that are far apart."""

import numpy as np

from mmpose_al.active_learning.pose_clusters import cluster_poses


def test_the_most_populous_first_and_unknown_ones_apart():
    poses = np.zeros((9, 5, 3))
    poses[:3, 2, 0], poses[3:8, 2, 0], poses[8, 1, 1] = 100, -100, np.nan
    assert cluster_poses(poses).tolist() == [1] * 3 + [0] * 5 + [-1]


def test_no_more_clusters_than_asked_for():
    poses = np.zeros((4, 2, 3))
    poses[:, 0, 0] = [0, 1, 100, 101]
    found = cluster_poses(poses, clusters=2)
    assert found[0] == found[1] != found[2] == found[3]
    assert cluster_poses(np.full((2, 2, 3), np.nan)).tolist() == [-1, -1]
