"""Test a pose model. Takes the arguments of MMPose's ``tools/test.py``.

    mmpose-al test CONFIG work_dirs/RUN/iter_1000.pth

Beyond MMPose's: ``runner_type`` in the config is honoured, and ``--launcher`` works
without a GPU (gloo).
"""

import argparse
from typing import TYPE_CHECKING

from .errors import CommandError
from .launch import add_common_arguments, build_runner, enable_drawing_hook, load_config

if TYPE_CHECKING:
    from mmengine.config import Config

    from ..engine.hooks import SaveMetricsHook

HELP = 'test a pose model'
TRACEBACKS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='config file, or a name that `mmpose-al configs` lists')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--out', help='file that the metrics are written to')
    parser.add_argument('--dump', help='pickle file that the predictions are written to')
    parser.add_argument('--badcase', action='store_true', help='collect the worst samples')
    add_common_arguments(parser)


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
        hook.metric = cfg.model.head.loss if kind == 'loss' else cfg.test_evaluator


def dump_predictions(cfg: 'Config', path: str) -> None:
    """Add an evaluator that writes the predictions to a pickle file."""
    if not path.endswith(('.pkl', '.pickle')):
        raise CommandError(f'--dump {path}: the name must end in .pkl or .pickle')
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


def run(args: argparse.Namespace) -> int:
    cfg = load_config(args)
    merge_args(cfg, args)
    hook = metrics_hook(args.out) if args.out else None
    runner = build_runner(cfg, args)
    if hook is not None:
        runner.register_hook(hook, 'LOWEST')
    runner.test()
    return 0
