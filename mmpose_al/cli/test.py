"""Test a pose model. Takes the arguments of MMPose's ``tools/test.py``.

    mmpose-al test CONFIG work_dirs/RUN/iter_1000.pth
    mmpose-al test EXPERIMENT_CONFIG --work-dir work_dirs/EXPERIMENT

The second line tests the network of an experiment's last round.
Beyond MMPose's: ``runner_type`` in the config is honoured, and ``--launcher`` works
without a GPU (gloo).
"""

import argparse
from typing import TYPE_CHECKING

from .errors import CommandError
from .launch import (
    add_common_arguments,
    build_runner,
    check_checkpoint,
    check_not_read,
    enable_drawing_hook,
    load_config,
)
from .options import OutFile, add_config, check_ending

if TYPE_CHECKING:
    from mmengine.config import Config

    from ..engine.hooks import SaveMetricsHook

HELP = 'test a pose model'
TRACEBACKS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument(
        'checkpoint',
        nargs='?',
        help="checkpoint file; an experiment's config can do without, and means the network of "
        'the last round that is trained',
    )
    parser.add_argument('--out', type=OutFile, help='file that the metrics are written to')
    parser.add_argument(
        '--dump', type=OutFile, help='pickle file that the predictions are written to'
    )
    parser.add_argument('--badcase', action='store_true', help='collect the worst samples')
    add_common_arguments(parser)


def loss_of(cfg: 'Config', name: str) -> dict:
    """The loss of the network that predicts; an estimator's students have one each."""
    model = cfg.model
    network = model.get('students') or model.get('network') or model
    head = (network[0] if isinstance(network, list) else network).get('head') or {}
    loss = head.get('loss')
    if not loss or isinstance(loss, list):
        raise CommandError(
            f'{name}: --badcase takes the loss of the head, and the model has '
            f'{"several" if loss else "none"}; set default_hooks.badcase.metric, or metric_type = '
            "'accuracy'"
        )
    return loss


def collect_bad_cases(cfg: 'Config', args: argparse.Namespace) -> None:
    """Switch on MMPose's hook that collects the worst samples."""
    enable_drawing_hook(cfg, 'badcase', 'BadCaseAnalysisHook', args, show=args.show)
    hook = cfg.default_hooks.badcase
    kind = hook.get('metric_type', 'loss')
    if kind not in ('loss', 'accuracy'):
        raise CommandError(
            f'{args.config}: default_hooks.badcase.metric_type is {kind!r}; choose '
            "'loss' or 'accuracy'"
        )
    if not hook.get('metric'):
        hook.metric = loss_of(cfg, args.config) if kind == 'loss' else cfg.test_evaluator


def dump_predictions(cfg: 'Config', path: str) -> None:
    """Add an evaluator that writes the predictions to a pickle file."""
    check_ending('--dump', path, '.pkl', '.pickle')
    evaluators = cfg.test_evaluator
    if not isinstance(evaluators, (list, tuple)):
        evaluators = [evaluators]
    cfg.test_evaluator = [*evaluators, dict(type='DumpResults', out_file_path=path)]


def metrics_hook(path: str) -> 'SaveMetricsHook':
    """The hook that writes the metrics."""
    from ..engine.hooks import SaveMetricsHook

    try:
        return SaveMetricsHook(path)
    except ValueError as error:
        raise CommandError(f'--out {error}') from None


def merge_args(cfg: 'Config', args: argparse.Namespace) -> None:
    """Apply the arguments that only testing has."""
    cfg.load_from = args.checkpoint
    if (args.show and not args.badcase) or args.show_dir is not None:
        enable_drawing_hook(
            cfg,
            'visualization',
            'PoseVisualizationHook',
            args,
            show=args.show and not args.badcase,
            out_dir=args.show_dir,
        )
    if args.badcase:
        collect_bad_cases(cfg, args)
    if args.dump is not None:
        dump_predictions(cfg, args.dump)


def of_an_experiment(cfg: 'Config', args: argparse.Namespace) -> 'Config':
    """The config that tests a network of an experiment; other configs stay as they are.

    Raises:
        CommandError: There is nothing to test.
    """
    if 'active_learning' not in cfg:
        if args.checkpoint is None:
            raise CommandError(f'{args.config}: name the checkpoint that is to be tested')
        return cfg
    from ..active_learning.state import StateError
    from ..engine.active_learning import config_of_test

    if args.cfg_options:  # before what they change is taken out
        cfg.merge_from_dict(args.cfg_options)
        args.cfg_options = None
    cfg.load_from = args.checkpoint
    try:
        cfg = config_of_test(cfg)
    except StateError as error:
        raise CommandError(str(error)) from None
    args.checkpoint = cfg.load_from
    return cfg


def run(args: argparse.Namespace) -> int:
    if args.checkpoint is not None:
        check_checkpoint(args.checkpoint, 'the checkpoint')
    cfg = of_an_experiment(load_config(args), args)
    merge_args(cfg, args)
    check_not_read(cfg, args.out)
    hook = metrics_hook(args.out) if args.out else None
    runner = build_runner(cfg, args)
    if hook is not None:
        runner.register_hook(hook, 'LOWEST')
    runner.test()
    return 0
