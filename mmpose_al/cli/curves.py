"""Draw losses, heatmap responses and metrics of several runs into one picture.

    mmpose-al curves easy-easy=work_dirs/a easy-hard=work_dirs/b \\
        --out curves.png

Each argument is a work directory, or NAME=DIRECTORY. Curves of a network pair are
averaged; a resumed run is one curve.
"""

import argparse
import os.path as osp

from .errors import UsageError
from .options import OutFile

HELP = 'draw losses, heatmap responses and metrics of several runs'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('runs', nargs='+', help='work directories, or NAME=DIRECTORY')
    parser.add_argument(
        '--out', type=OutFile, required=True, help='picture to write, e.g. curves.png'
    )
    parser.add_argument('--metric', help='which one to draw, e.g. pck/bbox@0.1; default: the first')


def run(args: argparse.Namespace) -> int:
    runs = dict(map(named, args.runs))
    if len(runs) < len(args.runs):
        raise UsageError('two runs have one name; write NAME=DIRECTORY')
    from ..visualization import plot_curves

    panels = plot_curves(runs, args.out, args.metric)
    print(f'{args.out}: {", ".join(panels)}')
    return 0


def named(argument: str) -> tuple:
    """(name, folder) of an argument; the folder's own name by default."""
    name, sign, folder = argument.partition('=')
    if not sign or osp.isdir(argument):  # a folder may have the sign in its name
        folder, name = argument, osp.basename(osp.normpath(argument))
    return name, folder
