"""Take what people have answered in the Label Studio or CVAT project of an experiment.

    mmpose-al pull WORK_DIR

All of it or nothing, by the rules of `mmpose-al ingest`; it may be done as often as you like
while a round is open. Server and token as for `mmpose-al push`.

Exit status: 0 taken, 1 refused; then nothing was changed.
"""

import argparse
import os.path as osp

from .ingest import add_rules, tell_all
from .push import add_server, connect

HELP = 'take what people have answered in a Label Studio or CVAT project'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('work_dir', help='of the experiment')
    add_server(parser)
    parser.add_argument('--project', help='number of a project; default: the one pushed to')
    add_rules(parser)


def run(args: argparse.Namespace) -> int:
    """Pull, and say what became of the answers."""
    from ..active_learning.servers import pull

    work_dir = osp.abspath(args.work_dir)
    server = connect(work_dir, args.url, args.timeout, args.tool)
    done = pull(
        work_dir,
        server,
        args.project,
        args.dry_run,
        accept_unchanged=args.accept_unchanged,
        annotator=args.annotator,
        several=args.several,
        withdraw=args.withdraw,
    )
    tell_all(done, work_dir, args.dry_run)
    return 0
