"""Print a query, worst views first, or write it in more annotation formats.

    mmpose-al query WORK_DIR
    mmpose-al query WORK_DIR --formats cvat --out DIR

Nothing in the experiment is written.
"""

import argparse
import os
from typing import TYPE_CHECKING, Sequence

from .errors import UsageError
from .options import add_options

if TYPE_CHECKING:
    from ..active_learning.formats import AnnotationFormat
    from ..active_learning.query import Query

HELP = 'print a query, worst views first, or write more formats'
OWN_FORMATS = 'those that the config imports'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    from ..active_learning.formats import describe_formats, format_names

    parser.epilog = f'formats and their options:\n{describe_formats()}\n  {OWN_FORMATS}'
    parser.add_argument('work_dir', help='of the experiment')
    parser.add_argument('--round', type=int, help='default: the latest')
    parser.add_argument('--units', type=int, nargs='+', metavar='ID', help='print only these units')
    parser.add_argument(
        '--formats',
        nargs='+',
        metavar='FORMAT',
        help=f'write {", ".join(format_names())}, or your own into --out',
    )
    add_options(parser, 'options of the format, see below')
    parser.add_argument('--out', help='folder for --formats')


def run(args: argparse.Namespace) -> int:
    """Print the query, or write it into a folder outside the experiment."""
    from ..active_learning.experiment import Experiment
    from ..active_learning.formats import named_format
    from ..active_learning.query import describe, validation_note

    query = Experiment(args.work_dir).query(args.round)
    if bool(args.formats) != bool(args.out):
        raise UsageError('--formats and --out go together')
    if args.formats:
        named = [named_format(name, args.options, args.work_dir) for name in args.formats]
        write(query, named, args.out)
        print(f'query {query.id} of round {query.round}: written to {args.out}')
        return 0
    unknown = sorted(set(args.units or ()) - set(query.units))
    if unknown:
        raise ValueError(f'{unknown} are not asked for in round {query.round}')
    print(f'query {query.id} of round {query.round}: {query.folder}')
    if query.validating:
        print(validation_note(query).strip())
    print(describe(query, args.units), end='')
    return 0


def write(query: 'Query', formats: Sequence['AnnotationFormat'], out: str) -> None:
    """Write a query in annotation formats, with its images.

    Raises:
        ValueError: The folder is not empty.
    """
    from ..active_learning.query import put_images

    os.makedirs(out, exist_ok=True)
    if os.listdir(out):
        raise ValueError(f'{out}: is not empty; give another --out')
    put_images(query, out)
    for each in formats:
        each.write(query, out)
