"""CMU Panoptic to the multi-view format: train.json, val.json, test.json.

    mmpose-al convert panoptic data/panoptic \\
        --out data/panoptic/annotations

Layout: as the panoptic-toolbox leaves it (docs/converters.md).
"""

import argparse
import os.path as osp

from ..errors import UsageError
from ..options import add_converter_arguments, positive_number

HELP = 'CMU Panoptic: train.json, val.json and test.json'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from ...converters.panoptic import IMAGE

    parser.add_argument('root', help='folder of the sequences')
    parser.add_argument('--out', required=True, help='folder of the JSON files')
    for split in ('train', 'val', 'test'):
        parser.add_argument(
            f'--{split}',
            nargs='+',
            default=[],
            metavar='SEQUENCE',
            help='sequences; without any split named, 9 are split 7/1/1 by name',
        )
    parser.add_argument(
        '--protocol',
        choices=('feng23-code',),
        help="sequences, frames and cameras of the authors' code of Feng23: 7/1/1 sequences, "
        'sections of them, every 25th frame, 8 cameras for training and 30 for test',
    )
    parser.add_argument(
        '--train-cameras',
        nargs='+',
        default=['eye-level'],
        metavar='NAME',
        help='of train and val: eye-level (8 of them), all, or names such as 00_03',
    )
    parser.add_argument('--test-cameras', nargs='+', default=['all'], metavar='NAME')
    parser.add_argument(
        '--fps', type=positive_number, default=1.0, help='frames a second to keep, of 29.97'
    )
    parser.add_argument(
        '--min-confidence', type=float, default=0.1, help='joints up to it are unknown'
    )
    parser.add_argument(
        '--image-pattern', default=IMAGE, help='images below root; default %(default)s'
    )
    add_converter_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from ...converters import panoptic
    from ...converters.common import category_of, convert

    splits = {key: getattr(args, key) for key in ('train', 'val', 'test')}
    if args.protocol:
        if any(splits.values()):
            raise UsageError('--protocol names the sequences; leave --train, --val, --test out')
        splits = {key: list(named) for key, named in panoptic.FENG23_SECTIONS.items()}
    if not any(splits.values()):
        splits = panoptic.split_7_1_1(panoptic.find_sequences(args.root))
    category = category_of(panoptic.METAINFO)
    for split, sequences in splits.items():
        if not sequences:
            continue
        cameras = args.test_cameras if split == 'test' else args.train_cameras
        cameras = panoptic.FENG23_CAMERAS[split] if args.protocol else cameras
        tasks = panoptic.make_tasks(
            args.root,
            sequences,
            cameras[0] if cameras[0] in ('all', 'eye-level') else cameras,
            args.fps,
            args.min_confidence,
            args.image_pattern,
            panoptic.FENG23_SECTIONS[split] if args.protocol else None,
        )
        convert(
            osp.join(args.out, f'{split}.json'),
            tasks,
            category,
            f'CMU Panoptic, {split}',
            args.root,
            args.missing_images,
            args.keep_parts,
        )
    return 0
