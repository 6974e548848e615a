"""Take labels back: of persons, or of some of their joints.

    mmpose-al withdraw WORK_DIR --persons 80 81
    mmpose-al withdraw WORK_DIR --persons 80 --joints left_wrist

Labels of any round, while a query is open: the next training is without them. Persons are
numbered as in the query and in warnings (annotation). A label that is wrong is better
corrected: ingest a corrected answer.

Exit status: 0 taken back, 1 refused; then nothing was changed.
"""

import argparse
import os.path as osp

HELP = 'take labels back, of persons or of some of their joints'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('work_dir', help='of the experiment')
    parser.add_argument(
        '--persons', type=int, nargs='+', required=True, metavar='ID', help='annotations'
    )
    parser.add_argument('--joints', nargs='+', metavar='NAME', help='default: all joints')
    parser.add_argument('--dry-run', action='store_true', help='check only, write nothing')


def run(args: argparse.Namespace) -> int:
    """Take them back, and say what is left."""
    from ..active_learning.answers.withdrawal import withdraw

    done = withdraw(osp.abspath(args.work_dir), args.persons, args.joints, args.dry_run)
    print(
        f'round {done.round}: {done.joints} labels {"would be" if args.dry_run else "are"} taken '
        f'back; {len(done.persons)} persons have none now. What has no label goes back to the pool'
    )
    return 0
