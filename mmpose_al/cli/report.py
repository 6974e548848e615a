"""Write the HTML report of one experiment, or of several with a page that compares them.

    mmpose-al report WORK_DIR [WORK_DIR ...] --out DIR

Nothing in the experiments is written.
"""

import argparse

HELP = 'write the HTML report of one or several experiments'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('work_dirs', nargs='+', metavar='WORK_DIR')
    parser.add_argument('--out', required=True, help='folder for the report')


def run(args: argparse.Namespace) -> int:
    """Write the report into a folder of its own."""
    from ..active_learning.report import write_report

    print(write_report(args.work_dirs, args.out))
    return 0
