"""Write the embedded synthetic benchmark to disk.

    mmpose-al synthetic data/synthetic --preset small --seed 0

Rendered people seen by calibrated cameras, in the multi-view format. Interrupted, it
continues; finished, it leaves the folder alone.
"""

import argparse
import time

from .options import OutFile

HELP = 'write the synthetic benchmark: rendered people, calibrated cameras'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from ..synthetic import PRESETS

    parser.add_argument('out', help='folder to write')
    parser.add_argument(
        '--preset',
        default='small',
        choices=list(PRESETS),
        help='tiny: tests; small: quickstart, about 3,800 pictures; studio: as '
        'many without clutter; people: 6,000 of sixty persons, without '
        'clutter; full: 5,000 training frames (default: small)',
    )
    parser.add_argument('--seed', type=int, default=0, help='default: 0')
    parser.add_argument(
        '--cameras',
        type=int,
        metavar='N',
        help="2 to 31 (default: the preset's, 4 for tiny, else 8)",
    )
    parser.add_argument(
        '--workers',
        type=int,
        metavar='N',
        help='processes (default: the cores this process may use)',
    )
    parser.add_argument(
        '--contact-sheet',
        type=OutFile,
        metavar='FILE.png',
        help='also write a sheet of pictures, half of them with skeletons',
    )
    parser.add_argument(
        '--split',
        default='train',
        choices=['train', 'val', 'test'],
        help='of the contact sheet (default: train)',
    )
    parser.add_argument('--quiet', action='store_true', help='no progress')


def run(args: argparse.Namespace) -> int:
    from ..synthetic import contact_sheet, write_benchmark

    start = time.monotonic()
    result = write_benchmark(
        args.out,
        preset=args.preset,
        seed=args.seed,
        num_cameras=args.cameras,
        workers=args.workers,
        progress=not args.quiet,
    )
    if args.contact_sheet:
        contact_sheet(args.out, args.contact_sheet, split=args.split)
    for name, split in result['splits'].items():
        print(
            f'{name}: {split["images"]} images, {split["frames"]} frames, '
            f'{split["subjects"]} subjects, '
            f'{split["image_bytes"] / 1e6:.1f} MB'
        )
    print(f'{args.out}: digest {result["digest"][:16]}, {time.monotonic() - start:.1f} s')
    return 0
