"""Choose which annotations count as labelled, and write their ids to a file.

    mmpose-al split person_keypoints_train2017.json \
        --out coco_1k_seed0.json --unit instances --num 1000 --seed 0

The published protocols differ: Xie et al. (ICCV 2021) label person instances,
Yu et al. (WACV 2024) label images. ``MultiViewCocoDataset`` reads the file
(``ids_file``, ``subset``).
"""

import argparse

from .options import OutFile, positive

HELP = 'choose which annotations count as labelled'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from ..datasets.splits import SPLIT_MODES, SPLIT_UNITS

    parser.add_argument('ann_file', help='COCO or multi-view JSON file')
    parser.add_argument('--out', type=OutFile, required=True, help='split file to write')
    parser.add_argument(
        '--unit',
        choices=SPLIT_UNITS,
        required=True,
        help='instances: annotation ids; images; frames (all their views)',
    )
    parser.add_argument('--num', type=positive, required=True, help='how many of them are labelled')
    parser.add_argument(
        '--mode',
        choices=SPLIT_MODES,
        default='random',
        help='random by seed, or the first in the order of the file',
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--on-bad',
        choices=('raise', 'skip'),
        default='raise',
        help='bad annotations are an error, or never chosen',
    )


def run(args: argparse.Namespace) -> int:
    from ..datasets.splits import make_split
    from ..fileio import write_json

    split = make_split(args.ann_file, args.unit, args.mode, args.num, args.seed, args.on_bad)
    write_json(args.out, split, indent=None)
    print(
        f'{args.out}: {args.num} {args.unit} labelled ({args.mode}'
        + (f', seed {args.seed})' if args.mode == 'random' else ')')
    )
    return 0
