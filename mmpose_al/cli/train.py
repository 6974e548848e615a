"""Train a pose model. Takes the arguments of MMPose's ``tools/train.py``.

    mmpose-al train mmpose_al::active_learning/coco/all_res18_coco-256x192.py
    mmpose-al train CONFIG --work-dir work_dirs/mine --resume

Beyond MMPose's: ``runner_type`` in the config is honoured, and ``--launcher`` works
without a GPU (gloo).
"""

import argparse
import os.path as osp
import sys
from typing import TYPE_CHECKING, Optional

from .errors import CommandError
from .launch import (
    add_common_arguments,
    build_runner,
    check_checkpoint,
    enable_drawing_hook,
    load_config,
)
from .options import add_config

if TYPE_CHECKING:
    from mmengine.config import Config

HELP = 'train a pose model, or go on with an experiment'
TRACEBACKS = True
# Keys of MMPose 0.x, which MMEngine passes over without a word -> what says it now
OLD_KEYS = {
    'resume_from': '--resume CHECKPOINT',
    'checkpoint_config': 'default_hooks.checkpoint',
    'evaluation': 'val_evaluator, and default_hooks.checkpoint.save_best',
    'lr_config': 'param_scheduler',
    'optimizer_config': 'optim_wrapper',
    'log_config': 'default_hooks.logger and vis_backends',
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='continue from this checkpoint; without a value, from the latest one '
        'in the working folder, if there is one',
    )
    parser.add_argument('--amp', action='store_true', help='automatic mixed precision (GPU)')
    parser.add_argument('--no-validate', action='store_true', help='do not validate while training')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help="scale the learning rate by the batch size (the config's "
        'auto_scale_lr.base_batch_size)',
    )
    add_common_arguments(parser)


def use_amp(cfg: 'Config', path: str) -> None:
    """Make the optimiser's wrapper an ``AmpOptimWrapper``."""
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper')
    name = kind if isinstance(kind, str) else kind.__name__
    if name not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise CommandError(
            f'{path}: --amp replaces OptimWrapper, but optim_wrapper.type is {name}; '
            'set its precision in the config instead'
        )
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')


def begins_anew(cfg: 'Config') -> bool:
    """Whether a training does not go on where one was; an experiment always does."""
    return bool(cfg.get('work_dir')) and not cfg.get('resume') and 'active_learning' not in cfg


def merge_args(cfg: 'Config', args: argparse.Namespace) -> None:
    """Apply the arguments that only training has."""
    from ..checkpoint_files import has_begun

    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        use_amp(cfg, args.config)
    if args.resume is not None and (cfg.get('train_cfg') or {}).get('type') == 'ActiveLearningLoop':
        # An experiment always goes on where it was; load_from is where rounds start.
        if args.resume != 'auto':
            raise CommandError(
                f'{args.config}: an experiment goes on from its own checkpoints; '
                'leave --resume out, or give it no value'
            )
    elif args.resume == 'auto':
        # A run that has not begun starts from what the config says.
        cfg.resume = has_begun(cfg.work_dir)
        if cfg.resume:
            cfg.load_from = None
    elif args.resume is not None:
        cfg.resume, cfg.load_from = True, args.resume
    elif begins_anew(cfg) and has_begun(cfg.work_dir):
        print(
            f'{cfg.work_dir} has checkpoints of another training; this one begins anew, and writes '
            'over them. --resume goes on with that one, --work-dir names another folder',
            file=sys.stderr,
        )
    if args.auto_scale_lr:
        if 'auto_scale_lr' not in cfg:
            raise CommandError(
                f'{args.config}: --auto-scale-lr needs auto_scale_lr = '
                'dict(base_batch_size=...) in the config'
            )
        cfg.auto_scale_lr.enable = True
    if args.show or args.show_dir is not None:
        enable_drawing_hook(
            cfg,
            'visualization',
            'PoseVisualizationHook',
            args,
            show=args.show,
            out_dir=args.show_dir,
        )


def refuse_old_keys(cfg: 'Config', name: str) -> None:
    """Raise a CommandError where a config says something in a way that nobody reads."""
    for key, instead in OLD_KEYS.items():
        if cfg.get(key) is not None:
            raise CommandError(
                f'{name}: {key} is a key of MMPose 0.x, which nobody reads; write {instead}, and '
                f'take {key} out'
            )


def project_of(config: str) -> Optional[str]:
    """The project that a config lies in; None without."""
    from ..projects import is_project

    folder = osp.dirname(osp.dirname(osp.abspath(config)))
    return folder if is_project(folder) else None


def tell_waiting(config: str, cfg: 'Config') -> None:
    """Say which labels of a project a training does not see: those that were not handed over.

    Raises:
        CommandError: An experiment would begin without them, and they could never join it.
    """
    from ..command_line import command_line
    from ..projects.labels import waiting_images

    project = project_of(config)
    if project is None:
        return
    waiting = waiting_images(project)
    if not waiting:
        return
    text = (
        f'{project}: images with labels that were not handed over: {waiting}. To train on them: '
        f'{command_line("label", project)}, and there Units, Finish, Hand over'
    )
    if (cfg.get('train_cfg') or {}).get('type') == 'ActiveLearningLoop':
        raise CommandError(f'{text}. An experiment that has begun takes them no more')
    print(text, flush=True)


def run(args: argparse.Namespace) -> int:
    if args.resume not in (None, 'auto'):
        check_checkpoint(args.resume, '--resume')
    project = project_of(args.config)
    if project is not None:
        from ..projects import labels

        labels.take_left(project)  # before the config is read, which follows
    cfg = load_config(args)
    refuse_old_keys(cfg, args.config)
    merge_args(cfg, args)
    tell_waiting(args.config, cfg)
    build_runner(cfg, args).train()
    return 0
