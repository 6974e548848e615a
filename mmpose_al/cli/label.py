"""Label in a browser: the open query of an experiment, or images of a project.

    mmpose-al label WORK_DIR                         an experiment's open query
    mmpose-al label WORK_DIR --train
    mmpose-al label WORK_DIR --round 1               a closed round, to hand its labels over late
    mmpose-al label PROJECT                          images without labels
    mmpose-al label PROJECT --num 20                 20 of them, spread evenly
    mmpose-al label PROJECT --images 'walk/*'        those that are named

The page is served on this machine only, at an address that nobody else knows. Whatever it
calls saved is on the disk. Several people may label at once: from another machine through
`ssh -L PORT:127.0.0.1:PORT`. Ctrl-C ends it; started again it goes on where it was.

What is labelled in a project goes into its pool.json, and its configs then train on it. Once an
experiment of the project has begun, label what that asks for.

Exit status: 0, or with --train that of the training; 130 after Ctrl-C.
"""

import argparse
import os.path as osp
from typing import TYPE_CHECKING, Optional

from .errors import UsageError
from .jobs import run_here
from .options import positive, positive_number, tcp_port

if TYPE_CHECKING:
    from ..active_learning.label_app import LabelServer, Session

HELP = 'label in a browser: the open query, or images of a project'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('work_dir', help='of the experiment, or a project of `mmpose-al new`')
    parser.add_argument(
        '--images',
        nargs='+',
        default=(),
        metavar='NAME',
        help="of a project: file names in its pool.json, or patterns such as 'walk/*'",
    )
    parser.add_argument(
        '--num', type=positive, default=0, help='of a project: how many, spread evenly'
    )
    parser.add_argument(
        '--round',
        type=int,
        help='of an experiment: show that of a closed round; what was labelled there and not '
        'handed over can still become labels of the open one',
    )
    parser.add_argument('--port', type=tcp_port, default=0, help='default: one that is free')
    parser.add_argument(
        '--threshold',
        type=positive_number,
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
    from ..active_learning.experiment import EXIT_PENDING, Experiment
    from ..active_learning.label_app import Session
    from ..active_learning.paths import Paths
    from ..fileio import locked
    from ..projects import is_project

    work_dir = osp.abspath(args.work_dir)
    if args.round is not None and (args.train or is_project(work_dir)):
        raise UsageError('--round is of an experiment, and without --train')
    if is_project(work_dir):
        return label_project(args, work_dir)
    if args.images or args.num:
        raise UsageError('--images and --num are of a project; an experiment asks by itself')
    Experiment(work_dir)  # says what is missing
    status, server = EXIT_PENDING, None
    while status == EXIT_PENDING:
        with locked(Paths(work_dir).label_lock, wait=False, held=shown_already(work_dir)):
            query = None if args.round is None else Experiment(work_dir).query(args.round)
            server = serve(args, Session(work_dir, args.threshold, query=query), server)
        if not (args.train and server.handed):
            return 0
        status = train(work_dir)
    return status


def shown_already(folder: str) -> ValueError:
    """What to do where another process shows the same."""
    return ValueError(
        f'{folder}: another mmpose-al label shows this. Open the address that it printed, also '
        'for further people'
    )


def label_project(args: argparse.Namespace, folder: str) -> int:
    """Serve images of a project; what is handed over becomes the project's own labels."""
    from ..active_learning.label_app import Session, plain
    from ..active_learning.paths import Paths
    from ..command_line import command_line
    from ..fileio import locked, make_folder
    from ..projects import labels, open_project

    if args.train:
        raise UsageError('--train is of an experiment. Label, then train as the page says')
    labels.check_free(folder)
    labels.take_left(folder)
    project = open_project(folder)
    facts = labels.facts_of_project(folder, project.content)
    home = labels.home(folder)
    make_folder(home)
    with locked(Paths(home).label_lock, wait=False, held=shown_already(folder)):
        place = plain.home_of(home, project.pool)
        links = [osp.join(project.images, name) for name in facts.links]
        unit = 'frames' if facts.views else 'images'
        query = plain.ask(place, unit, project.images, links, args.images, args.num)
        session = Session(
            place,
            args.threshold,
            query=query,
            next_command=command_line('train', f'{args.work_dir}/configs/supervised.py'),
            on_handed=lambda: labels.take_labels(folder),
        )
        serve(args, session)
    return 0


def serve(
    args: argparse.Namespace, session: 'Session', before: 'Optional[LabelServer]' = None
) -> 'LabelServer':
    """Show a query until it is left; a later round at the address of the one before."""
    from ..active_learning.label_app import LabelServer

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
    asks = f'round {query.round}: ' if session.is_round else ''
    text = (
        f'{asks}{len(query.units)} {query.content["unit"]}, '
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
    return run_here(['-m', 'mmpose_al', *command])
