"""Check answers whole and take them, or refuse them whole.

    mmpose-al ingest WORK_DIR ANSWERS_FILE

Exit status: 0 taken, 1 refused; then nothing was changed.
"""

import argparse
import os.path as osp
import sys
from typing import TYPE_CHECKING, Sequence

from .options import add_options
from .query import OWN_FORMATS

if TYPE_CHECKING:
    from ..active_learning.answers import Ingested, LabelWarning

HELP = 'check answers whole and take them, or refuse them whole'
SHOWN = 20  # warnings and persons that are printed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    from ..active_learning.formats import describe_formats, format_names

    parser.epilog = f'formats and their options:\n{describe_formats()}\n  {OWN_FORMATS}'
    parser.add_argument('work_dir', help='of the experiment')
    parser.add_argument('answers', help='what the annotation tool exported')
    parser.add_argument(
        '--format', help=f'{", ".join(format_names())}, or your own; default: told from the content'
    )
    add_options(parser, 'options of the format, see below')
    parser.add_argument(
        '--origin',
        choices=('center', 'corner'),
        help='of the first pixel: where (0, 0) is in a file that does not say it; short for '
        '--options pixel_origin=...',
    )
    add_rules(parser)


def add_rules(parser: argparse.ArgumentParser) -> None:
    """What ``ingest`` and ``pull`` let people say about answers."""
    parser.add_argument(
        '--annotator', help='whose answers count, where the file has those of several people'
    )
    parser.add_argument(
        '--several',
        choices=('latest', 'mean'),
        default='latest',
        help="which of several people's answers counts; default: latest",
    )
    parser.add_argument(
        '--accept-unchanged',
        action='store_true',
        help='persons that came back exactly as they were pre-filled are '
        'labels too; somebody has looked at them',
    )
    parser.add_argument(
        '--withdraw',
        action='store_true',
        help='persons who come back without any joint (v = 0) lose the labels that they had; '
        'default: they keep them',
    )
    parser.add_argument('--dry-run', action='store_true', help='check only, write nothing')


def run(args: argparse.Namespace) -> int:
    """Take the answers and say what became of them."""
    from ..active_learning.answers import ingest

    work_dir = osp.abspath(args.work_dir)
    options = dict(args.options or {})
    if args.origin is not None:
        options['pixel_origin'] = args.origin
    done = ingest(
        work_dir,
        args.answers,
        args.format,
        args.accept_unchanged,
        args.dry_run,
        options,
        args.annotator,
        args.several,
        args.withdraw,
    )
    tell_all(done, work_dir, args.dry_run)
    return 0


def tell_all(done: 'Ingested', work_dir: str, dry_run: bool) -> None:
    """What became of answers, which labels are worth a look, and what comes next."""
    from ..active_learning.query import train_command

    for what, entries in done.passed_over.items():
        print(f'{len(entries)} passed over: {what}: {some(entries)}')
    warn(done.warnings)
    tell(done, dry_run)
    if not dry_run:
        print(f'go on with\n    {train_command(work_dir)}')


def warn(warnings: 'Sequence[LabelWarning]') -> None:
    """Labels that are worth another look, on the error stream."""
    from ..active_learning.answers.label_warnings import told

    for text in told(warnings, SHOWN):
        print(f'warning: {text}', file=sys.stderr)
    if warnings:
        print(
            'warning: look at these labels; ingest a corrected file before you '
            'go on, the latest one counts',
            file=sys.stderr,
        )


def tell(done: 'Ingested', dry_run: bool) -> None:
    """What was taken, what was left out, and why."""
    if done.unchanged:
        how = (
            'exactly as they were'
            if done.grid is None
            else (f'as they were, but for rounding to {done.grid:g} px,')
        )
        print(
            f'{len(done.unchanged)} persons came back {how} pre-filled and were left out '
            f'(--accept-unchanged takes them): {some(done.unchanged)}'
        )
    if done.replaced:
        far = max(done.replaced.values())
        how = f'; joints moved by {done.moved:.1f} px in the mean, up to {far:.1f} px'
        moved = how if far else ''
        print(
            f'{len(done.replaced)} persons had other labels, which these replace{moved}: '
            f'{some(sorted(done.replaced))}'
        )
    if done.lost:
        joints = ', '.join(f'{name} ({number})' for name, number in done.lost.items())
        print(
            f'warning: {sum(done.lost.values())} joints had labels and have none in this file, so '
            f'they have none now: {joints}. A file that labels other joints of the same persons '
            'has to hold all of them'
        )
    if done.kept:
        print(
            f'{len(done.kept)} persons keep their earlier labels: all their joints '
            f'came back without a label (v = 0; --withdraw takes them back): {some(done.kept)}'
        )
    if done.withdrawn:
        print(f'{len(done.withdrawn)} persons lose their labels: {some(done.withdrawn)}')
    for number, late in done.late.items():
        print(
            f'{len(late)} persons of round {number}, which is closed, are labels of round '
            f'{done.round}: {some(late)}'
        )
    if dry_run:
        what = 'would be accepted'
    else:
        what = 'accepted' if done.written else 'are there already; nothing is new'
    print(
        f'round {done.round}: {len(done.units)} units, {done.views} views, '
        f'{done.joints} joints {what} ({done.format})'
    )
    left = done.asked - done.answered
    print(
        f'of {done.asked} persons asked about, {done.answered} are answered'
        + (
            f' and {left} are open; those are not labelled in this round, and go back to the '
            'pool when you go on'
            if left
            else ''
        )
    )


def some(ids: Sequence[object]) -> str:
    """The first ids or entries of a list."""
    return ', '.join(map(str, ids[:SHOWN])) + (', ...' if ids[SHOWN:] else '')
