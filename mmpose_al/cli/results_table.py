"""Turn the result files of a table into Markdown, and keep a README up to date.

    mmpose-al results-table benchmarks/results/lspet
    mmpose-al results-table benchmarks/results/lspet \\
        --write docs/studies/semi_supervised.md configs/semi_supervised/README.md

With --write the text between `<!-- table: NAME -->` and `<!-- end -->` is replaced. With
`<!-- table: NAME; only: ROW | ROW -->` the table has these rows alone, and neither columns
at equal compute nor figures by action: the short table of a config folder's README.
--figure draws the learning curves of results that have them, the mean over seeds and its
deviation.

Figures are mean ± standard deviation (n - 1) over seeds. A seed has the same labels in
every row, so "lead" is the mean ± standard deviation of the differences to
`supervised`, seed by seed; "gap closed" is the share of the way from `supervised` to
`supervised-all`, of the means over the seeds that all three have. Results in a folder
`NAME-compute` beside it, of runs that cost the same instead of taking the same steps,
make further columns. Figures on the test set by action make a second table below, folded
in a page. A folder with 3D errors (PCK3D) becomes the table of
configs/weakly_supervised_3d instead; there "P / FS" is the ratio of P-MPJPE to that of
full supervision over common seeds, and "to 2d-only" the difference of the 2D error to
that row's, seed by seed.
"""

import argparse
import os.path as osp

from .options import OutFile

HELP = 'result files of benchmarks as a table, and in pages'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('folder', help='e.g. benchmarks/results/lspet')
    parser.add_argument('--write', metavar='PAGE', nargs='+', help='pages to bring up to date')
    parser.add_argument(
        '--figure', type=OutFile, metavar='PNG', help='picture of the learning curves to write'
    )
    parser.add_argument('--metric', help='what the picture shows; default: the first column')


def run(args: argparse.Namespace) -> int:
    from ..analysis.results_table import make_table, write_table

    table = make_table(args.folder)
    for page in args.write or []:
        name = osp.basename(osp.normpath(args.folder))
        write_table(page, name, lambda only: make_table(args.folder, only))
    if args.figure:
        from ..analysis.learning_curves import draw
        from ..analysis.results_table import load

        draw(load(args.folder), args.figure, args.metric)
    print(table)
    return 0
