"""Finds the command that was asked for, runs it, and says in a line what went wrong.

Exit status: 0 done, 1 refused or failed, 2 wrong usage, 130 interrupted; commands may have
others. Only the module of the command is imported; ``--help`` imports all of them, which
are light.
"""

import argparse
import os
import os.path as osp
import sys
from importlib import import_module
from types import ModuleType
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple, Type

from ..command_line import NAME, printable, printable_output
from .errors import CommandError, UsageError
from .jobs import stopped_by_signals
from .options import check_outputs

ABOUT = 'Pose models that learn from few labels: an extension of MMPose 1.x.'
ERRORS = (ValueError, OSError, KeyError, ImportError)
FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130
# What --help lists: heading -> commands.
GROUPS: Dict[str, Sequence[str]] = {
    'Your own data': ('new', 'recommend', 'adapt', 'export'),
    'Train and test': ('quickstart', 'configs', 'train', 'test', 'predict', 'extract', 'demo'),
    'Active learning': (
        'status',
        'query',
        'label',
        'push',
        'pull',
        'ingest',
        'withdraw',
        'replay',
        'report',
        'doctor',
    ),
    'Data': ('convert', 'boxes', 'split', 'synthetic', 'pseudo-labels', 'bootstrap'),
    'Looking at results': (
        'confidence',
        'curves',
        'draw',
        'results-table',
        'active-learning-table',
        'bootstrap-gain',
    ),
    'Weakly supervised 3D': ('limb-lengths', 'loss-gradients', 'view-losses'),
}


class Command(NamedTuple):
    """A command, or a group of them, and how it was called."""

    module: ModuleType
    name: str  # as in mmpose-al, such as 'convert panoptic'
    shown: str  # in usage lines, such as 'mmpose-al convert panoptic' or 'panoptic2multiview.py'
    example: str  # in examples, such as 'python tools/dataset_converters/panoptic2multiview.py'


def main(argv: Optional[Sequence[str]] = None) -> int:
    """The console script.

    Args:
        argv (Sequence[str], optional): Words behind the name of the program; by default
            those of this process.

    Returns:
        int: Exit status.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    if words[:1] == ['--version']:
        from ..version import __version__

        print(f'{NAME} {__version__}')
        return 0
    try:
        return _dispatch(words, GROUPS, '', NAME, NAME)
    except KeyboardInterrupt:  # before the command runs
        return _interrupted(NAME)


def run_tool(script: str, *commands: str, argv: Optional[Sequence[str]] = None) -> int:
    """A file of tools/ or demo/: one command, or several under one name.

    Args:
        script (str): Its ``__file__``; usage lines have its name.
        commands (str): Such as ``'convert panoptic'``.
        argv (Sequence[str], optional): By default the words of this process.

    Returns:
        int: Exit status.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    name, parts = osp.basename(script), osp.abspath(script).split(osp.sep)
    start = max(i for i, part in enumerate(parts) if part in ('tools', 'demo'))
    example = f'python {"/".join(parts[start:])}'
    if len(commands) > 1:
        return _dispatch(words, {'Commands': commands}, '', name, example)
    return run_command(Command(_module(commands[0]), commands[0], name, example), words)


# ---- finding -----------------------------------------------------------------------


def _module(name: str) -> ModuleType:
    """The module of a command such as ``convert panoptic``."""
    path = name.replace('-', '_').replace(' ', '.')
    return import_module(f'.{path}', __package__)


def _dispatch(
    words: Sequence[str], groups: Dict[str, Sequence[str]], path: str, shown: str, example: str
) -> int:
    """Run the command that the first word names, of those at ``path``."""
    if not words or words[0] in ('-h', '--help'):
        text = overview(groups, path, shown)
        return _quietly(lambda: print(text, end='')) if words else _refuse(text)
    known = [name for names in groups.values() for name in names]
    if words[0] not in known:
        return _refuse(f'{shown}: error: {_unknown(words[0], known)}\n')
    name = f'{path} {words[0]}'.strip()
    module, shown, example = _module(name), f'{shown} {words[0]}', f'{example} {words[0]}'
    if hasattr(module, 'COMMANDS'):
        return _dispatch(words[1:], {'Commands': module.COMMANDS}, name, shown, example)
    return run_command(Command(module, name, shown, example), words[1:])


def overview(groups: Dict[str, Sequence[str]], path: str, shown: str) -> str:
    """The commands by group, a line each."""
    width = max(len(name) for names in groups.values() for name in names)
    about = (_module(path).__doc__ or '').strip() if path else ABOUT
    lines = [f'usage: {shown} COMMAND ...', '', about]
    for heading, names in groups.items():
        lines += ['', f'{heading}:']
        lines += [f'  {name:{width}}  {_module(f"{path} {name}".strip()).HELP}' for name in names]
    return '\n'.join([*lines, '', f'{shown} COMMAND --help tells more of each.', ''])


def _unknown(word: str, known: List[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, known, 1)
    return f'no command {word!r}; ' + (
        f'did you mean {close[0]!r}?' if close else f'there are {", ".join(known)}'
    )


def _meant(parser: argparse.ArgumentParser, unknown: Sequence[str]) -> str:
    from difflib import get_close_matches

    known = [option for action in parser._actions for option in action.option_strings]
    words = [word.split('=')[0] for word in unknown if word.startswith('-')]
    close = [name for word in words for name in get_close_matches(word, known, 1)]
    return f'; did you mean {" ".join(close)}?' if close else ''


def _refuse(text: str) -> int:
    sys.stderr.write(text)
    return WRONG_USAGE


# ---- running -----------------------------------------------------------------------


def parser_of(command: Command) -> argparse.ArgumentParser:
    """The parser of one command; its description is the module's docstring."""
    text = (command.module.__doc__ or command.module.HELP).strip()
    parser = argparse.ArgumentParser(
        prog=command.shown,
        description=text.replace(f'{NAME} {command.name}', command.example),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.module.add_arguments(parser)
    return parser


def run_command(command: Command, words: Sequence[str]) -> int:
    """Parse and run; errors become a line and a status.

    A module with ``TRACEBACKS = True`` runs what others wrote: its errors keep their
    tracebacks, but for a :class:`~mmpose_al.cli.errors.CommandError`.
    """
    parser = parser_of(command)
    if '' in words:
        parser.error('an argument is empty; a variable of the shell may not be set')
    # Options may stand among what is predicted, or come first.
    args, unknown = parser.parse_known_intermixed_args(words)
    if unknown:
        parser.error(f'unrecognized arguments: {" ".join(unknown)}{_meant(parser, unknown)}')
    whole = getattr(command.module, 'TRACEBACKS', False)
    caught: Tuple[Type[Exception], ...] = (CommandError,) if whole else ERRORS
    try:
        check_outputs(args)
        with stopped_by_signals():  # what the command started ends with it
            if whole:
                return command.module.run(args) or 0
            with printable_output():
                return _quietly(lambda: command.module.run(args))
    except UsageError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        return _interrupted(command.shown)
    except caught as error:
        text = error.args[0] if isinstance(error, KeyError) and error.args else error
        print(printable(f'error: {text}'), file=sys.stderr)
        return FAILED


def _interrupted(shown: str) -> int:
    print(f'{shown}: interrupted', file=sys.stderr)
    return INTERRUPTED


def _quietly(action: Callable[[], Optional[int]]) -> int:
    """Status of an action; no complaint where nobody reads its output any more."""
    try:
        status = action() or 0
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # Python flushes once more when it ends, which must not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
