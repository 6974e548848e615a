"""InterHand2.6M to the multi-view format, one file a call.

    mmpose-al convert interhand \\
        --annotations data/interhand/annotations/train --split train \\
        --images data/interhand/images/train --num-cameras 16 --out train.json

Layout: as released (docs/converters.md).
"""

import argparse
import os.path as osp

from ..options import OutFile, add_converter_arguments, positive

HELP = 'InterHand2.6M, one file a call'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--annotations',
        default='.',
        help='folder of InterHand2.6M_<split>_{data,camera,joint_3d}.json',
    )
    parser.add_argument('--split', default='train', help='train, val or test')
    for kind in ('data', 'camera', 'joint_3d'):
        parser.add_argument(
            f'--{kind.replace("_", "-")}', metavar='FILE', help='this file, if it has another name'
        )
    parser.add_argument('--images', required=True, help='folder of the images')
    parser.add_argument('--out', type=OutFile, required=True, help='JSON file to write')
    parser.add_argument('--captures', nargs='+', help='captures to take, such as 0 1')
    parser.add_argument('--cameras', nargs='+', help='cameras to take')
    parser.add_argument('--num-cameras', type=int, help='take that many, far from one another')
    parser.add_argument(
        '--step', type=positive, default=1, help='take every n-th frame of a sequence'
    )
    add_converter_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from ...converters import interhand
    from ...converters.common import category_of, convert, reading

    data, camera, joint_3d = (
        getattr(args, kind) or osp.join(args.annotations, f'InterHand2.6M_{args.split}_{kind}.json')
        for kind in ('data', 'camera', 'joint_3d')
    )
    with reading(f'{data}, {camera}, {joint_3d}'):
        tasks = interhand.make_tasks(
            data, camera, joint_3d, args.captures, args.cameras, args.num_cameras, args.step
        )
    convert(
        args.out,
        tasks,
        category_of(interhand.METAINFO, 'hands'),
        f'InterHand2.6M, {args.split}',
        args.images,
        args.missing_images,
        args.keep_parts,
    )
    return 0
