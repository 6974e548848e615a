"""Mean limb lengths of 3D poses (Iqbal20)."""

import numpy as np


def mean_limb_lengths(poses: np.ndarray, limbs, pair) -> tuple:
    """Means over the poses that know both ends.

    Args:
        poses (ndarray): x, y, z and 1 where known, (N, J, 4).
        limbs (Sequence): E pairs of joints.
        pair (Sequence[int]): The reference pair.

    Returns:
        tuple: Lengths in the unit of the poses, and normalised, (E, ) each.

    Raises:
        ValueError: A limb is known in no pose.
    """

    def lengths(ends):
        first, second = ends
        known = (poses[:, first, 3] > 0) & (poses[:, second, 3] > 0)
        gap = np.linalg.norm(poses[:, first, :3] - poses[:, second, :3], axis=1)
        return np.where(known, gap, np.nan)

    scale = lengths(pair)
    all_lengths = np.stack([lengths(limb) for limb in limbs])
    normalised = all_lengths / np.where(scale > 0, scale, np.nan)
    missing = [limb for limb, row in zip(limbs, normalised) if not np.isfinite(row).any()]
    if missing:
        raise ValueError(f'limbs {missing} are known in no pose together with the pair')
    return np.nanmean(all_lengths, 1), np.nanmean(normalised, 1)
