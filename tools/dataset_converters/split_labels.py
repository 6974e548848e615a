"""Choose which annotations count as labelled, and write their ids to a file.

    python tools/dataset_converters/split_labels.py person_keypoints_train2017.json \
        --out coco_1k_seed0.json --unit instances --num 1000 --seed 0

The published protocols differ: Xie et al. (ICCV 2021) label person instances,
Yu et al. (WACV 2024) label images. ``MultiViewCocoDataset`` reads the file
(``ids_file``, ``subset``).
"""

import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__)))))

from mmpose_al.datasets.format import VERSION, check_multiview
from mmpose_al.datasets.splits import SPLIT_FORMAT, SPLIT_MODES, SPLIT_UNITS, chosen_labels
from mmpose_al.fileio import parse_json, read_bytes, sha256, write_json


def main(argv=None) -> None:
    args = parse_args(argv)
    try:
        split = make_split(args.ann_file, args.unit, args.mode, args.num, args.seed, args.on_bad)
        write_json(args.out, split, indent=None)
    except (ValueError, OSError) as error:
        sys.exit(f'split_labels: {error}')
    print(
        f'{args.out}: {args.num} {args.unit} labelled ({args.mode}'
        + (f', seed {args.seed})' if args.mode == 'random' else ')')
    )


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('ann_file', help='COCO or multi-view JSON file')
    parser.add_argument('--out', required=True, help='split file to write')
    parser.add_argument(
        '--unit',
        choices=SPLIT_UNITS,
        required=True,
        help='instances: annotation ids; images; frames (all their views)',
    )
    parser.add_argument('--num', type=int, required=True, help='how many of them are labelled')
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
    return parser.parse_args(argv)


def make_split(
    ann_file: str, unit: str, mode: str, num: int, seed: int = 0, on_bad: str = 'raise'
) -> dict:
    """The content of a split file.

    Raises:
        ValueError: ``num`` is not between 1 and the number of units that have
            a label, or the annotation file breaks its format.
    """
    raw = read_bytes(ann_file)
    data = check_multiview(parse_json(raw, ann_file), ann_file, on_bad=on_bad)
    return dict(
        format=SPLIT_FORMAT,
        version=VERSION,
        source=osp.basename(ann_file),
        sha256=sha256(raw),
        unit=unit,
        mode=mode,
        seed=seed if mode == 'random' else None,
        labeled=chosen_labels(data, unit, num, mode, seed, ann_file),
    )


if __name__ == '__main__':
    main()
