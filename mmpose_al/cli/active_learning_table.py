"""Tables and figure of active-learning experiments from their result files.

    mmpose-al active-learning-table FOLDER
    mmpose-al active-learning-table \\
        benchmarks/results/active_synthetic \\
        --write docs/studies/active_learning.md configs/active_learning/README.md

The result files are those of benchmarks/active_learning.py. With --write the text
between `<!-- table: NAME -->` and `<!-- end -->` is replaced, NAME being the folder's,
and a figure NAME.png is written beside a page that shows it. With
`<!-- table: NAME; only: METRIC | METRIC -->` the page has the tables of these metrics alone,
without what was reached before bootstrapping.

Figures are mean ± standard deviation (n - 1) over seeds. "area" is the area under the
curve over its width, that is the mean value, between the shares that all experiments
cover. All strategies of a seed start with the same labels, so "lead" is the mean ±
standard deviation of the areas' differences to `random`, seed by seed; above 0 is
better. "labels for 95 %" are those at which a seed's curve first reaches 95 % of full
supervision (of an error: 1 / 0.95 of it), linear between rounds. "reached" is what the
last round reaches of full supervision. "Labels that reach what N random ones reach" compares
the means over the seeds, linear between rounds; below the first round it is only known
that so many are enough.
"""

import argparse
import os.path as osp

from .errors import UsageError
from .options import OutFile

HELP = 'tables and a figure of active-learning experiments'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('folder', help='e.g. benchmarks/results/active_synthetic')
    parser.add_argument('--write', metavar='PAGE', nargs='+', help='pages to bring up to date')
    parser.add_argument(
        '--figure', type=OutFile, help='PNG to write; with --write it lies beside the first page'
    )
    parser.add_argument('--metric', help='what the figure shows; default: the first of the tables')
    parser.add_argument(
        '--rows',
        metavar='ROW[=NAME]',
        nargs='+',
        help='rows that the figure shows, and what its legend calls them; default: all',
    )


def run(args: argparse.Namespace) -> int:
    from ..analysis.active_learning_figure import draw
    from ..analysis.active_learning_table import load, markdown, page_content
    from ..analysis.results_table import write_table

    if (args.rows or args.metric) and (args.write or not args.figure):
        raise UsageError('--rows and --metric are of a --figure of its own, without --write')
    rows = load(args.folder)
    text, name = markdown(rows), osp.basename(osp.normpath(args.folder))
    figure = args.figure
    if args.write:
        figure = figure or osp.join(osp.dirname(args.write[0]), f'{name}.png')
    for page in args.write or []:
        write_table(page, name, lambda only: page_content(rows, figure, only))
    if figure:
        draw(rows, figure, args.metric, args.rows and dict(map(named, args.rows)))
    print(text)
    return 0


def named(argument: str) -> tuple:
    """(row, name in the legend) of an argument; without a name the row's own and its seeds."""
    row, _, name = argument.partition('=')
    return row, name
