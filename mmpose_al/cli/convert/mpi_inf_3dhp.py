"""MPI-INF-3DHP to the multi-view format, one file a call.

    mmpose-al convert mpi-inf-3dhp \\
        --annotations data/3dhp/annotations/mpi_inf_3dhp_train.npz \\
        --cameras data/3dhp/annotations/cameras_train.pkl \\
        --images data/3dhp/images --out data/3dhp/train.json --fix-known-typos

Layout: what MMPose's preprocess_mpi_inf_3dhp.py writes (docs/converters.md).
"""

import argparse

from ..options import OutFile, add_converter_arguments, positive

HELP = 'MPI-INF-3DHP, one file a call'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--annotations', required=True, help='mpi_inf_3dhp_train.npz or ..._test_valid.npz'
    )
    parser.add_argument(
        '--cameras',
        required=True,
        help='cameras_train.pkl or cameras_test.pkl (read without running anything in it)',
    )
    parser.add_argument('--images', required=True, help='folder of the images')
    parser.add_argument('--out', type=OutFile, required=True, help='JSON file to write')
    parser.add_argument('--subjects', nargs='+', help='such as S1 or TS1')
    parser.add_argument('--camera-names', nargs='+', help='such as Cam0')
    parser.add_argument(
        '--step', type=positive, default=1, help='take every n-th frame of what the file has'
    )
    parser.add_argument(
        '--fix-known-typos',
        action='store_true',
        help='correct heights of 204 instead of 2048 pixels',
    )
    parser.add_argument(
        '--max-spread',
        type=float,
        default=50.0,
        help='mm by which the views may differ on the 3D pose',
    )
    add_converter_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from ...converters import mpi_inf_3dhp
    from ...converters.common import category_of, convert

    tasks = mpi_inf_3dhp.make_tasks(
        args.annotations,
        args.cameras,
        args.subjects,
        args.camera_names,
        args.step,
        args.fix_known_typos,
        args.max_spread,
    )
    convert(
        args.out,
        tasks,
        category_of(mpi_inf_3dhp.METAINFO),
        'MPI-INF-3DHP',
        args.images,
        args.missing_images,
        args.keep_parts,
    )
    return 0
