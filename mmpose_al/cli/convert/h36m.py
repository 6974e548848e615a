"""Human3.6M to the multi-view format, one file a call.

    mmpose-al convert h36m --split train \\
        --annotations data/h36m/annotation_body3d/fps10/h36m_train.npz \\
        --cameras data/h36m/annotation_body3d/cameras.pkl \\
        --images data/h36m/images --out data/h36m/train.json

Layout: what MMPose's preprocess_h36m.py writes (docs/converters.md).
"""

import argparse

from ..options import OutFile, add_converter_arguments, positive

HELP = 'Human3.6M, one file a call'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--annotations', required=True, help='h36m_<split>.npz')
    parser.add_argument(
        '--cameras', required=True, help='cameras.pkl (read without running anything in it)'
    )
    parser.add_argument('--images', required=True, help='folder of the images')
    parser.add_argument('--out', type=OutFile, required=True, help='JSON file to write')
    parser.add_argument(
        '--split',
        choices=('train', 'test', 'all'),
        default='all',
        help='train: S1 5 6 7 8; test: S9 11; all that the file has',
    )
    parser.add_argument('--subjects', nargs='+', help='instead of --split: S1 ...')
    parser.add_argument('--camera-ids', nargs='+', help='such as 54138969')
    parser.add_argument(
        '--step', type=positive, default=1, help='take every n-th frame of what the file has'
    )
    parser.add_argument(
        '--max-spread',
        type=float,
        default=50.0,
        help='mm by which the views may differ on the 3D pose',
    )
    add_converter_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from ...converters import h36m
    from ...converters.common import category_of, convert

    subjects = args.subjects or h36m.SPLITS.get(args.split)
    tasks = h36m.make_tasks(
        args.annotations, args.cameras, subjects, args.camera_ids, args.step, args.max_spread
    )
    convert(
        args.out,
        tasks,
        category_of(h36m.METAINFO),
        f'Human3.6M, {args.split}',
        args.images,
        args.missing_images,
        args.keep_parts,
    )
    return 0
