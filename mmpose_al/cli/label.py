"""Label the open query of an experiment in a browser.

    mmpose-al label WORK_DIR
    mmpose-al label WORK_DIR --train

The page is served on this machine only, at an address that nobody else knows. Whatever it
calls saved is on the disk. Several people may label at once: from another machine through
`ssh -L PORT:127.0.0.1:PORT`. Ctrl-C ends it; started again it goes on where it was.

Exit status: 0, or with --train that of the training.
"""

import argparse
import os.path as osp
import subprocess
import sys
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from ..active_learning.label_app import LabelServer, Session

HELP = 'label the open query in a browser'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('work_dir', help='of the experiment')
    parser.add_argument('--port', type=int, default=0, help='default: one that is free')
    parser.add_argument(
        '--threshold',
        type=float,
        metavar='PX',
        help='clicks farther from where the other views put a joint are named; default: 5 %% '
        "of the person's size, as ingest has it",
    )
    parser.add_argument('--no-browser', action='store_true', help='only print the address')
    parser.add_argument(
        '--train',
        action='store_true',
        help='once the labels are handed over, go on with the experiment, and show its next '
        'query at the same address',
    )


def run(args: argparse.Namespace) -> int:
    """Serve the query until it is left; with ``--train``, all that follow."""
    from ..active_learning.experiment import EXIT_PENDING
    from ..active_learning.paths import Paths
    from ..fileio import locked

    if args.threshold is not None and not args.threshold > 0:
        raise ValueError(f'--threshold is {args.threshold} px; give a number above 0')
    work_dir = osp.abspath(args.work_dir)
    if not osp.exists(Paths(work_dir).state):
        from ..active_learning.experiment import Experiment

        Experiment(work_dir)  # says what is missing
    status, server = EXIT_PENDING, None
    while status == EXIT_PENDING:
        try:
            with locked(Paths(work_dir).label_lock, wait=False):
                server = serve(args, work_dir, server)
        except BlockingIOError:
            raise ValueError(
                f'{work_dir}: another mmpose-al label shows this experiment. Open the address '
                'that it printed, also for further people'
            ) from None
        if not (args.train and server.handed):
            return 0
        status = train(work_dir)
    return status


def serve(
    args: argparse.Namespace, work_dir: str, before: 'Optional[LabelServer]' = None
) -> 'LabelServer':
    """Show the open query until it is left; a later round at the address of the one before."""
    from ..active_learning.label_app import LabelServer, Session

    session = Session(work_dir, args.threshold)
    port, token = (args.port, None) if before is None else (before.port, before.token)
    server = LabelServer(session, port, token)
    server.leave_when_handed = args.train
    print(summary(session), flush=True)
    print(f'open\n    {server.address}', flush=True)
    if before is None and not args.no_browser:
        import webbrowser

        webbrowser.open(server.address)
    server.run()
    return server


def summary(session: 'Session') -> str:
    """What there is to do, in a line."""
    query = session.query
    done = sum(progress.done for progress in session.progress.values())
    text = (
        f'round {query.round}: {len(query.units)} {query.content["unit"]}, '
        f'{len(query.annotations)} persons in {len(query.images)} images; {done} done'
    )
    if session.journal.torn:
        text += '. An unfinished line of the journal was passed over'
    return text


def train(work_dir: str) -> int:
    """Go on with the experiment; gives the training's exit status."""
    from ..active_learning.paths import Paths
    from ..active_learning.query import train_command

    print(f'goes on with\n    {train_command(work_dir)}', flush=True)
    command = ('train', Paths(work_dir).config, '--work-dir', work_dir)
    return subprocess.call([sys.executable, '-m', 'mmpose_al', *command])
