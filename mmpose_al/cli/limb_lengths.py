"""Mean limb lengths of the 3D poses of an annotation file, for the configs of Iqbal20.

    mmpose-al limb-lengths train.json --pair 5 11 \\
        --limbs 5,7 7,9 11,13 13,15

Prints the lengths in mm (``mean_lengths`` of ``Heatmap2p5DHead``) and normalised by the
pair's distance of each pose (``mean_lengths`` of ``LimbLengthLoss``).
"""

import argparse
from itertools import chain

HELP = 'mean limb lengths of the 3D poses of a file'


def limb(text: str) -> tuple:
    try:
        first, second = map(int, text.split(','))
    except ValueError:
        raise argparse.ArgumentTypeError(f'{text!r} is not JOINT,JOINT') from None
    return first, second


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('annotations', help='multi-view file with poses_3d')
    parser.add_argument('--pair', type=int, nargs=2, required=True, metavar='JOINT')
    parser.add_argument('--limbs', type=limb, nargs='+', required=True, metavar='JOINT,JOINT')


def run(args: argparse.Namespace) -> int:
    import numpy as np

    from ..analysis.limb_lengths import mean_limb_lengths
    from ..datasets.format import load_multiview

    data = load_multiview(args.annotations)
    if not data['poses_3d']:
        raise ValueError(f'{args.annotations} has no poses_3d')
    poses = np.stack([np.asarray(p['keypoints_3d'], float) for p in data['poses_3d']])
    count = poses.shape[1]
    wrong = [each for each in [*args.pair, *chain(*args.limbs)] if not 0 <= each < count]
    if wrong:
        raise ValueError(
            f'{args.annotations}: there is no joint {wrong[0]}; its {count} joints are 0 to '
            f'{count - 1}. See --pair and --limbs'
        )
    alike = next((each for each in [args.pair, *args.limbs] if each[0] == each[1]), None)
    if alike is not None:
        raise ValueError(
            f'{args.annotations}: joint {alike[0]} twice is no limb. Give --pair and --limbs two '
            'joints each'
        )
    plain, normalised = mean_limb_lengths(poses, args.limbs, args.pair)
    print(f'{len(poses)} poses')
    print('mean_lengths in mm:', [round(float(v), 1) for v in plain])
    print('normalised:        ', [round(float(v), 4) for v in normalised])
    return 0
