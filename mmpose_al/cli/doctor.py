"""What a run's or an experiment's folder holds, what is damaged, and what can be repaired.

    mmpose-al doctor DIR
    mmpose-al doctor DIR --repair

Looking changes nothing. A repair sets a damaged file aside as FILE.damaged and goes back to what
is known to be whole; it is refused while a training runs in the folder.
Exit status: 0 all is whole, 1 something is damaged.
"""

import argparse
import os.path as osp
from typing import TYPE_CHECKING, List

if TYPE_CHECKING:
    from ..active_learning.doctor import Examined

HELP = 'what a folder holds, what is damaged, and what can be repaired'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('folder', help='work directory of a run or an experiment')
    parser.add_argument('--repair', action='store_true', help='repair what can be repaired')
    parser.add_argument('--json', action='store_true', help='print JSON')


def run(args: argparse.Namespace) -> int:
    """Print what was found; 1 where something is damaged."""
    from ..active_learning.doctor import examine, repair
    from ..fileio import to_json

    folder = osp.abspath(args.folder)
    found = examine(folder)
    done = repair(folder) if args.repair and found.damaged else []
    if done:
        found = examine(folder)
    if args.json:
        files = [dict(path=f.path, fault=f.fault, means=f.means) for f in found.findings]
        print(to_json(dict(about=found.about, files=files, repaired=done), indent=1))
    else:
        print('\n'.join([f'{folder}: {found.about}', *lines(found, done)]))
    return 1 if found.damaged else 0


def lines(found: 'Examined', done: List[str]) -> List[str]:
    """For people: what was repaired, what is damaged, and how much is whole."""
    told = [f'repaired  {text}' for text in done]
    for finding in found.damaged:
        told += [f'damaged   {finding.path}: {finding.fault}', f'          {finding.means}']
    whole = len(found.findings) - len(found.damaged)
    told.append(f'{whole} of {len(found.findings)} files are whole')
    if any(finding.repair is not None for finding in found.damaged):
        told.append('repair with --repair')
    return told
