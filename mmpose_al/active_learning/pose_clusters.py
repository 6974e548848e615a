"""Clusters of 3D poses: of what was picked, and of what may be pseudo-labelled."""

import numpy as np

CLUSTERS = 10


def cluster_poses(poses: np.ndarray, clusters: int = CLUSTERS) -> np.ndarray:
    """K-means over root-aligned poses (Feng23, Fig. 6).

    Args:
        poses (ndarray): Shape (U, K, 3), NaN where unknown.
        clusters (int): How many, at most as there are poses.

    Returns:
        ndarray: Number of the cluster of each pose, the most populous first; -1 where a
        joint is not known.
    """
    from sklearn.cluster import KMeans

    known = np.isfinite(poses).all((1, 2))
    result = np.full(len(poses), -1)
    flat = poses[known].reshape(int(known.sum()), poses[0].size if len(poses) else 0)
    different = len(np.unique(flat.round(3), axis=0))  # poses are in mm
    if not different:
        return result
    means = KMeans(min(clusters, different), n_init=4, random_state=0)
    step = -(-len(flat) // 20000)
    found = means.fit(flat[::step]).predict(flat)
    sizes = np.bincount(found, minlength=means.n_clusters)
    place = np.empty(len(sizes), np.int64)
    place[np.argsort(-sizes, kind='stable')] = np.arange(len(sizes))
    result[known] = place[found]
    return result
