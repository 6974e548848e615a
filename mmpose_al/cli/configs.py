"""List the configs that came with the package.

    mmpose-al configs
    mmpose-al configs posedual synthetic

Each is a line that ``train``, ``test`` and the other commands take as CONFIG. Words
choose those that contain all of them.
"""

import argparse

HELP = 'list the configs that came with the package'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('words', nargs='*', metavar='WORD', help='part of the name')


def run(args: argparse.Namespace) -> int:
    from ..config_files import list_configs

    found = [name for name in list_configs() if all(word in name for word in args.words)]
    if not found:
        raise ValueError(f'no config has {" and ".join(args.words)} in its name')
    print('\n'.join(found))
    return 0
