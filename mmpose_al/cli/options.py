"""Types of options, and options that several commands have."""

import argparse
import math
import os.path as osp
from typing import Any, Dict, Optional, Sequence, Union

from .errors import UsageError


class OutFile(str):
    """Type of an option: a file that the command writes, see :func:`check_outputs`."""


def check_outputs(args: argparse.Namespace) -> None:
    """Raise a UsageError where a file to write is one to read, or two are the same.

    Files that a config or another file names are no arguments; a command that reads those checks
    them itself (:func:`~mmpose_al.cli.launch.check_not_read`).
    """
    taken: Dict[str, str] = {}
    for value in vars(args).values():
        for each in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(each, str) and not isinstance(each, OutFile) and osp.isfile(each):
                taken.setdefault(osp.realpath(each), 'a file that the command reads')
    for name, value in sorted(vars(args).items()):
        if not isinstance(value, OutFile):
            continue
        option, path = f'--{name.replace("_", "-")}', osp.realpath(value)
        if path in taken:
            raise UsageError(f'{option} {value}: is {taken[path]}; name another file to write')
        taken[path] = f'what {option} writes'


def positive(text: str) -> int:
    """A whole number from 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f'{text} is not at least 1')
    return number


def not_negative(text: str) -> int:
    """A whole number from 0."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f'{text} is negative')
    return number


def jpeg_quality(text: str) -> int:
    """What JPEG files are written with, 1 to 100."""
    number = positive(text)
    if number > 100:
        raise argparse.ArgumentTypeError(f'{text} is above 100, the best')
    return number


def tcp_port(text: str) -> int:
    """A port of TCP; 0 is one that is free."""
    number = not_negative(text)
    if number > 65535:
        raise argparse.ArgumentTypeError(f'{text} is no port; the largest is 65535')
    return number


def positive_number(text: str) -> float:
    """A finite number above 0."""
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f'{text} is not a finite number above 0')
    return number


def check_ending(option: str, path: str, *endings: str) -> None:
    """Raise a UsageError where the name of a file to write ends otherwise."""
    if not path.endswith(endings):
        raise UsageError(f'{option} {path}: let the name end in {" or ".join(endings)}')


def add_converter_arguments(parser: argparse.ArgumentParser) -> None:
    """What every converter has."""
    parser.add_argument(
        '--missing-images',
        choices=('raise', 'skip', 'keep'),
        default='raise',
        help='images that are not on disk: an error, left out, or not looked for',
    )
    parser.add_argument(
        '--keep-parts',
        action='store_true',
        help='keep the folder OUT.parts, of which a later run takes what fits',
    )


def add_config(parser: argparse.ArgumentParser, more: str = '') -> None:
    """The argument CONFIG, and ``more`` about it."""
    parser.add_argument(
        'config', help=f'config file, or a name that `mmpose-al configs` lists{more}'
    )


def add_cfg_options(parser: argparse.ArgumentParser, more: str = '') -> None:
    """``--cfg-options KEY=VALUE ...``, and ``more`` about what is changed."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=KeyValues,
        default=None,
        metavar='KEY=VALUE',
        help='change keys of the config; lists as key="[a,b]" or key=a,b, nested ones as '
        f'key="[(a,b),(c,d)]", without white space{more}',
    )


def add_model_choice(group: 'argparse._ActionsContainer') -> None:
    """What says which weights and which network of a MODEL are meant."""
    group.add_argument('--checkpoint', help='weights, where MODEL is a config')
    group.add_argument(
        '--network',
        metavar='NETWORK',
        help="of several networks: 'ensemble', 'teacher' or the number of a student; by "
        'default what the config says',
    )


def add_calibration(group: 'argparse._ActionsContainer', required: bool = False) -> None:
    """The calibration of a rig, and how its views fit it."""
    group.add_argument(
        '--calibration',
        nargs='+',
        required=required,
        default=[],
        metavar='FILE',
        help='of the cameras: OpenCV YAML, Anipose or Pose2Sim TOML, Qualisys QCA',
    )
    group.add_argument('--unit', choices=('cm', 'm', 'mm'), help='of the translations (YAML, TOML)')
    group.add_argument(
        '--calibration-size',
        choices=('top-left', 'centre', 'scaled'),
        help='what became of images that are of another size than their calibration says: '
        'cut at the right and the bottom, cut at all sides alike, or scaled; by default they '
        'are refused',
    )
    group.add_argument(
        '--allow-unequal', action='store_true', help='leave out what is beyond the shortest view'
    )


class KeyValues(argparse.Action):
    """Words ``KEY=VALUE`` as a dict, read as MMEngine's ``--cfg-options`` are."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Union[str, Sequence[Any], None],
        option_string: Optional[str] = None,
    ) -> None:
        """See argparse; MMEngine is imported only where there are such words."""
        words = values if isinstance(values, (list, tuple)) else [values]
        wrong = [word for word in words if '=' not in str(word)[1:]]
        if wrong:
            raise argparse.ArgumentError(self, f'{wrong[0]!r} is not KEY=VALUE')
        from mmengine.config import DictAction

        DictAction(self.option_strings, self.dest)(parser, namespace, values, option_string)


def add_options(parser: argparse.ArgumentParser, help: str) -> None:
    """Add ``--options KEY=VALUE ...``."""
    parser.add_argument(
        '--options', nargs='+', action=KeyValues, default={}, metavar='KEY=VALUE', help=help
    )
