"""What views learnt from one another: joints that were wrong, by how many views agreed.

    mmpose-al bootstrap-gain CONFIG CHECKPOINT STUDENT [--student-config CONFIG] [--out JSON]

CHECKPOINT is the network that made the pseudo-labels (`mmpose-al bootstrap CONFIG
CHECKPOINT`, with the same options), STUDENT one that was trained on them. Both predict in
all views that CONFIG does not train on. Their file has the true keypoints after all; they
are used here alone. A joint is right within a tenth of the longer side of the person's box.
"""

import argparse
from typing import TYPE_CHECKING, List

from .bootstrap import add_rules, rules_of
from .options import OutFile, add_cfg_options, positive_number

if TYPE_CHECKING:
    from mmengine.config import Config

    from ..active_learning.self_training import MultiViewBootstrapping
    from ..analysis.bootstrap_gain import Gain

HELP = 'what the views of a rig learnt from one another'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('config', help='that CHECKPOINT was trained with')
    parser.add_argument('checkpoint', help='the network alone, which made the pseudo-labels')
    parser.add_argument('student', help='checkpoint of the network that they taught')
    parser.add_argument('--student-config', help="of STUDENT's model; default: CONFIG")
    add_rules(parser)
    parser.add_argument('--right', type=positive_number, default=0.1, help='share of the box')
    parser.add_argument('--out', type=OutFile, help='also write the figures to this JSON file')
    add_cfg_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    from ..active_learning.self_training import MultiViewBootstrapping
    from ..analysis.bootstrap_gain import as_table
    from ..fileio import write_json
    from .launch import check_not_read, read_config

    cfg = read_config(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    check_not_read(cfg, args.out)
    student = cfg if args.student_config is None else read_config(args.student_config)
    rules = MultiViewBootstrapping(**rules_of(args))
    rows = measure(cfg, args.checkpoint, student, args.student, rules, args.right)
    print(as_table(rows))
    if args.out:
        figures = [row._asdict() for row in rows]
        write_json(args.out, dict(right=args.right, rows=figures))
    return 0


def measure(
    cfg: 'Config',
    checkpoint: str,
    student_cfg: 'Config',
    student: str,
    rules: 'MultiViewBootstrapping',
    right: float,
) -> 'List[Gain]':
    """See :func:`~mmpose_al.analysis.bootstrap_gain.gain_by_inliers`.

    Args:
        cfg, checkpoint: Config and weights of the network that makes the pseudo-labels.
        student_cfg, student: Those of the one that they taught.
        rules (MultiViewBootstrapping): How.
        right (float): Share of the longer side of the box within which a joint is right.

    Raises:
        ValueError: Nothing is known of the true keypoints.
    """
    import numpy as np

    from ..analysis.bootstrap_gain import gain_by_inliers, is_right
    from ..engine import bootstrapping

    rig, views, made = bootstrapping.bootstrap(cfg, checkpoint, rules)
    persons = {a['id']: a for a in rig.pool.data['annotations'] if a['id'] in rig.pool.persons}
    truth = np.zeros(made.keypoints.shape)
    for row, number in enumerate(made.ids.tolist()):
        given = persons[number].get('keypoints')
        if given:
            truth[row] = np.reshape(given, (-1, 3))
    known = truth[..., 2] > 0
    if not known.any():
        raise ValueError(f'{rig.pool.path}: no view without a label has its true keypoints')
    lengths = np.array([max(persons[number]['bbox'][2:4]) for number in made.ids.tolist()])
    after, _ = bootstrapping.score_source(student_cfg, rig, student)
    predicted = [each.keypoints[np.searchsorted(each.id, made.ids)] for each in (views, after)]
    labels = np.where(made.labeled[..., None], made.keypoints[..., :2], np.nan)
    alone, taught_so, learnt = (
        is_right(each, truth[..., :2], lengths, right)
        for each in (predicted[0], labels, predicted[1])
    )
    return gain_by_inliers(alone, taught_so, learnt, known, made.votes)
