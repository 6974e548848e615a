"""Draw losses, heatmap responses and metrics of several runs into one picture.

    python tools/analysis/plot_curves.py easy-easy=work_dirs/a easy-hard=work_dirs/b \
        --out curves.png

Each argument is a work directory, or NAME=DIRECTORY. Curves of a network pair are
averaged; a resumed run is one curve.
"""

import argparse
import os.path as osp
import sys

from mmpose_al.visualization import plot_curves


def named(argument: str) -> tuple:
    """(name, folder) of an argument; the folder's own name by default."""
    name, sign, folder = argument.partition('=')
    if not sign:
        folder, name = argument, osp.basename(osp.normpath(argument))
    return name, folder


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('runs', nargs='+', help='work directories, or NAME=DIRECTORY')
    parser.add_argument('--out', required=True, help='picture to write, e.g. curves.png')
    parser.add_argument('--metric', help='which one to draw, e.g. pck/bbox@0.1; default: the first')
    args = parser.parse_args()
    runs = dict(map(named, args.runs))
    if len(runs) < len(args.runs):
        parser.error('two runs have one name; write NAME=DIRECTORY')
    try:
        panels = plot_curves(runs, args.out, args.metric)
    except (OSError, ValueError) as error:
        sys.exit(f'plot_curves: {error}')
    print(f'{args.out}: {", ".join(panels)}')


if __name__ == '__main__':
    main()
