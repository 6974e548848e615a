"""Mean limb lengths of the 3D poses of an annotation file, for the configs of Iqbal20.

    python tools/analysis/limb_lengths.py train.json --pair 5 11 \
        --limbs 5,7 7,9 11,13 13,15

Prints the lengths in mm (``mean_lengths`` of ``Heatmap2p5DHead``) and normalised by the
pair's distance of each pose (``mean_lengths`` of ``LimbLengthLoss``).
"""

import argparse
import sys

import numpy as np

from mmpose_al.datasets import load_multiview


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


def limb(text: str) -> tuple:
    first, second = map(int, text.split(','))
    return first, second


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('annotations', help='multi-view file with poses_3d')
    parser.add_argument('--pair', type=int, nargs=2, required=True, metavar='JOINT')
    parser.add_argument('--limbs', type=limb, nargs='+', required=True, metavar='JOINT,JOINT')
    args = parser.parse_args()
    try:
        data = load_multiview(args.annotations)
        if not data['poses_3d']:
            raise ValueError(f'{args.annotations} has no poses_3d')
        poses = np.stack([np.asarray(p['keypoints_3d'], float) for p in data['poses_3d']])
        plain, normalised = mean_limb_lengths(poses, args.limbs, args.pair)
    except (ValueError, OSError, IndexError) as error:
        sys.exit(f'limb_lengths: {error}')
    print(f'{len(poses)} poses')
    print('mean_lengths in mm:', [round(float(v), 1) for v in plain])
    print('normalised:        ', [round(float(v), 4) for v in normalised])


if __name__ == '__main__':
    main()
