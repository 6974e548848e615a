"""Views of a rig teach one another: pseudo-labels from a trained network, to train on.

    mmpose-al bootstrap CONFIG CHECKPOINT --out pseudo.json
    mmpose-al train pseudo.py

CONFIG is the one that CHECKPOINT was trained with; without CHECKPOINT it is the newest one of
CONFIG's work_dir. Its labelled source is a calibrated rig
of which a part is labelled. The network predicts in all of it. Each joint is triangulated
robustly, and where enough views agree it is projected into every view that nobody has
labelled, those too that were wrong (multi-view bootstrapping; Simon et al., CVPR 2017).

Written are the pseudo-labels, an annotation file in the multi-view format, and a config
that trains on the labels and on them, half and half in a batch. Again from the network that
it trains, with its config, labels are made anew.
"""

import argparse
import os.path as osp
from typing import TYPE_CHECKING

from .errors import CommandError
from .options import OutFile, add_cfg_options, add_config, check_ending, positive, positive_number

if TYPE_CHECKING:
    from mmengine.config import Config

HELP = 'views of a rig teach one another: pseudo-labels to train on'
WEIGHTS = ('none', 'inliers', 'inliers_and_error')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    add_config(parser)
    parser.add_argument('checkpoint', nargs='?', help="default: the newest of CONFIG's work_dir")
    parser.add_argument(
        '--out', type=OutFile, required=True, help='file of the pseudo-labels, NAME.json'
    )
    parser.add_argument(
        '--config-out', type=OutFile, help='config that trains on them; default: NAME.py'
    )
    add_rules(parser)
    parser.add_argument(
        '--batch-size',
        type=positive,
        help="of the written config, on each process; default: CONFIG's",
    )
    parser.add_argument(
        '--no-unlabeled',
        action='store_true',
        help="the written config leaves CONFIG's unlabelled images out, and learns from labels and "
        'pseudo-labels alone',
    )
    add_cfg_options(parser, '; they are in the written config too')


def add_rules(parser: argparse.ArgumentParser) -> None:
    """Add what says which views agree, and what their labels weigh."""
    parser.add_argument(
        '--min-inliers',
        type=positive,
        help='views that have to agree; default: half of them, at least 3 (2 of two)',
    )
    parser.add_argument(
        '--threshold',
        type=positive_number,
        help='largest reprojection error of a view that agrees, in pixels of the image; default: '
        "a 32nd of the longer side of the person's box in each view",
    )
    parser.add_argument(
        '--weight',
        choices=WEIGHTS,
        default='inliers',
        help='of a pseudo-label: 1, the share of the views that agree, or that times 1 - their '
        'mean squared error in thresholds; default: %(default)s',
    )
    parser.add_argument(
        '--no-exchange',
        action='store_true',
        help='no view may have left and right the wrong way round',
    )


def rules_of(args: argparse.Namespace) -> dict:
    """The options as arguments of a ``MultiViewBootstrapping``."""
    return dict(
        min_inliers=args.min_inliers,
        threshold=args.threshold,
        weight=None if args.weight == 'none' else args.weight,
        exchange=not args.no_exchange,
        batch_size=getattr(args, 'batch_size', None),
        unlabeled=not getattr(args, 'no_unlabeled', False),
    )


def run(args: argparse.Namespace) -> int:
    """Write both files, and say what is in them and how to go on."""
    from ..active_learning.self_training import MultiViewBootstrapping
    from ..command_line import command_line
    from ..engine import bootstrapping
    from .launch import check_not_read, read_config

    config_out = args.config_out or osp.splitext(args.out)[0] + '.py'
    check_ending('--out', args.out, '.json')
    check_ending('--config-out', config_out, '.py')
    cfg = read_config(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    check_not_read(cfg, args.out, config_out)
    rules = MultiViewBootstrapping(**rules_of(args))
    bootstrapping.labeled_source(cfg)  # or it is no config for this
    checkpoint = args.checkpoint or newest_of(cfg, args.config)
    rig, _, made = bootstrapping.bootstrap(cfg, checkpoint, rules)
    noted = bootstrapping.write_bootstrap(rig, made, args.out)
    trains = bootstrapping.bootstrapped_config(cfg, rig, rules, args.out)
    note = f'Labels of {osp.basename(args.config)} and pseudo-labels of one of its networks.'
    bootstrapping.write_config(trains, config_out, note)
    print(as_text(noted, args.out))
    print(f'{config_out}: trains on {len(rig.labeled)} labelled views and on them:')
    print(f'    {command_line("train", config_out)}')
    return 0


def newest_of(cfg: 'Config', name: str) -> str:
    """The newest whole checkpoint of a config's work directory.

    Raises:
        CommandError: There is none.
    """
    from ..checkpoint_files import newest_whole
    from .launch import work_dir_of

    folder = work_dir_of(cfg, name)
    path = newest_whole(folder).path
    if path is None:
        raise CommandError(
            f'{folder} has no checkpoint. Train {name} first, or name the CHECKPOINT of another '
            'folder'
        )
    return path


def as_text(noted: dict, path: str) -> str:
    """What is known of the pseudo-labels, for people."""
    joints, all_of_them = noted['joints'], noted['of']
    error = '' if noted['mkpe'] is None else f', {noted["mkpe"]:.1f} mm off the true 3D poses'
    return (
        f'{path}: {joints} of {all_of_them} joints ({joints / all_of_them:.1%}) in '
        f'{noted["annotations"]} views, mean weight {noted["weight"]:.2f}{error}'
    )
