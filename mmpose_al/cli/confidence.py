"""Make the confidence of joints mean the share of them that is right.

    mmpose-al confidence CONFIG work_dirs/RUN/iter_1000.pth --out confidence.json
    mmpose-al predict work_dirs/RUN video.mp4 --confidence confidence.json --out results

Predicts the validation images, sees which joints lie within a radius of their labels, and fits a
map from scores to confidence. OUT takes the map and the tables, and a picture with the same name
is drawn beside it. Figures of a fit are of images that took no part in it: each half of them is
judged by the map of the other.

platt has a slope and an intercept. joints has an offset of each joint besides, where a joint is
wrong more often than others of its score; the file then holds for these joints alone. temperature
has the slope alone, on the logit of the score: it cannot help where a network is right more often,
or less, at all scores alike.
"""

import argparse
import os.path as osp
from typing import TYPE_CHECKING, Optional

from .errors import CommandError
from .launch import (
    add_common_arguments,
    build_runner,
    check_checkpoint,
    check_not_read,
    load_config,
)
from .options import OutFile, add_config, check_ending, positive, positive_number
from .test import of_an_experiment

if TYPE_CHECKING:
    from ..evaluation.joint_ece import JudgedJoints

HELP = 'fit what the scores of joints are worth, on validation images'
TRACEBACKS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    from ..confidence import METHODS

    add_config(parser)
    parser.add_argument('checkpoint', nargs='?', help='weights; see `mmpose-al test`')
    parser.add_argument('--out', type=OutFile, required=True, help='file to write, .json')
    parser.add_argument(
        '--thr',
        type=positive_number,
        default=0.1,
        help='radius, as a share of the length; default %(default)s',
    )
    parser.add_argument(
        '--norm',
        choices=('bbox', 'torso', 'head'),
        default='bbox',
        help="the length: the box's longer side, the torso or the head; default %(default)s",
    )
    parser.add_argument(
        '--method', choices=METHODS, default=METHODS[0], help='what is fitted; default %(default)s'
    )
    parser.add_argument(
        '--bins', type=positive, default=15, help='of the tables; default %(default)s'
    )
    parser.add_argument(
        '--data',
        choices=('val', 'test'),
        default='val',
        help="images whose labels judge: the config's validation or test set; default %(default)s",
    )
    add_common_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """The command."""
    check_ending('--out', args.out, '.json')
    judged = judge(args)
    if judged is None:  # another process of several writes
        return 0
    from ..analysis.confidence_report import confidence_report, in_words, report_content
    from ..confidence import to_content
    from ..fileio import sha256, write_json
    from ..visualization import plot_reliability

    try:
        report = confidence_report(judged, args.method, args.bins)
    except ValueError as error:
        raise CommandError(f'{args.out}: not written: {error}') from None
    content = to_content(
        report.mapping,
        radius=dict(thr=args.thr, norm=args.norm),
        config=osp.basename(args.config),
        checkpoint=sha256(args.checkpoint) if osp.isfile(args.checkpoint) else None,
        data=args.data,
        **report_content(report),
    )
    write_json(args.out, content)
    picture = args.out[: -len('.json')] + '.png'
    panels = [
        ('scores', report.before, report.joints_before),
        (report.method, report.after, report.joints_after),
    ]
    plot_reliability(picture, panels, f'{args.thr:g} of {args.norm}')
    print('\n'.join(in_words(report)))
    mapping = report.mapping
    by = f'temperature {1 / mapping.slope:.3g}' if args.method == 'temperature' else (
        f'slope {mapping.slope:.3g}, intercept {mapping.intercept:.3g}'
    )  # fmt: skip
    if mapping.offsets:
        by += f', offsets of joints {min(mapping.offsets):.3g} to {max(mapping.offsets):.3g}'
    print(f'\n{by}, of the {"logit of the " * (mapping.scale == "logit")}score')
    print(f'{args.out}, {picture}')
    return 0


def judge(args: argparse.Namespace) -> Optional['JudgedJoints']:
    """Predict the images, and hold the joints to their labels; None beside the first process."""
    if args.checkpoint is not None:
        check_checkpoint(args.checkpoint, 'the checkpoint')
    cfg = of_an_experiment(load_config(args), args)
    check_not_read(cfg, args.out)
    cfg.load_from = args.checkpoint
    if cfg.get(f'{args.data}_dataloader') is None:
        raise CommandError(
            f'{args.config}: has no {args.data}_dataloader, whose labels would judge; write one, '
            f'or take --data {"test" if args.data == "val" else "val"}'
        )
    if args.data == 'val':
        cfg.test_dataloader = cfg.val_dataloader
    cfg.test_cfg = cfg.get('test_cfg') or dict(type='TestLoop')
    cfg.test_evaluator = dict(type='JointECE', thr=args.thr, norm=args.norm, bins=args.bins)
    runner = build_runner(cfg, args)
    runner.test()
    return runner.test_loop.evaluator.metrics[0].judged
