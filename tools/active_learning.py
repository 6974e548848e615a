#!/usr/bin/env python3
"""Look after an active-learning experiment. Asks no questions.

    python tools/active_learning.py status WORK_DIR
    python tools/active_learning.py query  WORK_DIR
    python tools/active_learning.py ingest WORK_DIR ANSWERS_FILE
    python tools/active_learning.py replay WORK_DIR --strategy MultiPeakEntropy
    python tools/active_learning.py report WORK_DIR [WORK_DIR ...] --out DIR

Exit status: 0 done, 1 refused or failed (nothing was changed), 2 wrong usage,
3 (status) a query waits for answers.
"""

import argparse
import json
import math
import os
import os.path as osp
import re
import sys

sys.path.insert(0, osp.dirname(osp.dirname(osp.abspath(__file__))))

from mmengine.config import Config, DictAction

EXIT_PENDING = 3
SHOWN = 20  # warnings that ingest prints


def parse_args(argv=None) -> argparse.Namespace:
    from mmpose_al.active_learning.formats import describe_formats, format_names

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')

    def command(function, text, epilog=None):
        sub = commands.add_parser(
            function.__name__,
            help=text,
            description=text[:1].upper() + text[1:] + '.',
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=function)
        return sub

    def add_options(sub):
        sub.add_argument(
            '--options',
            nargs='+',
            action=DictAction,
            default={},
            metavar='KEY=VALUE',
            help='options of the format, see below',
        )

    sub = command(status, 'what was done, what is labelled, and what is waited for')
    sub.add_argument('work_dir', help='of the experiment')
    sub.add_argument('--json', action='store_true', help='print JSON')

    formats = f'formats and their options:\n{describe_formats()}\n  those that the config imports'
    sub = command(query, 'print a query, worst views first, or write more formats', formats)
    sub.add_argument('work_dir', help='of the experiment')
    sub.add_argument('--round', type=int, help='default: the latest')
    sub.add_argument('--units', type=int, nargs='+', metavar='ID', help='print only these units')
    sub.add_argument(
        '--formats',
        nargs='+',
        metavar='FORMAT',
        help=f'write {", ".join(format_names())}, or your own into --out',
    )
    add_options(sub)
    sub.add_argument('--out', help='folder for --formats')

    sub = command(ingest, 'check answers whole and take them, or refuse them whole', formats)
    sub.add_argument('work_dir', help='of the experiment')
    sub.add_argument('answers', help='what the annotation tool exported')
    sub.add_argument(
        '--format', help=f'{", ".join(format_names())}, or your own; default: told from the content'
    )
    add_options(sub)
    sub.add_argument(
        '--accept-unchanged',
        action='store_true',
        help='persons that came back exactly as they were pre-filled are '
        'labels too; somebody has looked at them',
    )
    sub.add_argument('--dry-run', action='store_true', help='check only, write nothing')

    sub = command(replay, 'what a strategy would ask for, from saved scores')
    sub.add_argument('scores', help='the work directory, or a scores.npz')
    sub.add_argument(
        '--round', type=int, help='whose scores of the work directory; default: the latest'
    )
    given = sub.add_mutually_exclusive_group()
    given.add_argument('--strategy', metavar='TYPE', help="default: the experiment's own strategy")
    given.add_argument('--config', help='take its active_learning.strategy')
    sub.add_argument(
        '--options',
        nargs='+',
        action=DictAction,
        default={},
        metavar='KEY=VALUE',
        help='arguments of the strategy',
    )
    sub.add_argument('--budget', type=int, help="default: the experiment's")
    sub.add_argument('--json', action='store_true', help='print JSON')

    sub = command(report, 'write the HTML report of one or several experiments')
    sub.add_argument('work_dirs', nargs='+', metavar='WORK_DIR')
    sub.add_argument('--out', required=True, help='folder for the report')
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = parse_args(argv)
    try:
        return args.run(args) or 0
    except (ValueError, OSError, KeyError, ImportError) as error:
        text = error.args[0] if isinstance(error, KeyError) else error
        print(f'error: {text}', file=sys.stderr)
        return 1


# ---- status ----------------------------------------------------------------------


def status(args) -> int:
    from mmpose_al.active_learning import load_state
    from mmpose_al.active_learning.answers import load_answers, merged
    from mmpose_al.active_learning.pool import without_nan
    from mmpose_al.active_learning.query import load_queries, pending_text, train_command

    work_dir = osp.abspath(args.work_dir)
    state = load_state(work_dir)
    if state is None:
        raise ValueError(f'{work_dir}: no experiment, there is no active_learning.json')
    queries = load_queries(work_dir)
    last = queries[-1] if queries else None
    finished = state.content['finished']
    open_query = (
        finished is None and last is not None and state.stage(last.round, 'annotate') is None
    )
    document = load_answers(work_dir, last.round) if open_query else None
    answered = len(merged([document])) if document else 0
    pending = open_query and not document
    if args.json:
        print(
            json.dumps(
                without_nan(
                    dict(
                        finished=finished,
                        labeled=len(state.labeled()),
                        units=state.content['pool']['units'],
                        unit=state.content['unit'],
                        rounds=state.rounds,
                        pending=last.round if pending else None,
                        answered=answered,
                    )
                ),
                indent=1,
            )
        )
        return EXIT_PENDING if pending else 0
    total = state.content['pool']['units']
    print(
        f'{work_dir}\n{len(state.labeled())} of {total} {state.content["unit"]} are '
        f'labelled; {len(state.rounds)} rounds begun'
    )
    for entry in state.rounds:
        stages = entry['stages']
        line = f'round {entry["round"]}: {", ".join(stages)}'
        if 'annotate' in stages:
            line += '; {labels} labels, {views} views, {joints} joints'.format(**stages['annotate'])
        metrics = stages.get('train', {}).get('metrics', {})
        line += ''.join(
            f'; {k} {v:.4g}'
            for k, v in metrics.items()
            if k.count('/') == 1 and not k.startswith(('student', 'mean/'))
        )
        print(line)
    if finished is not None:
        print(f'finished: {finished}')
    elif pending:
        print(pending_text(work_dir, last.round, last))
    elif open_query:
        print(
            f'round {last.round}: {answered} of {len(last.annotations)} persons are '
            f'answered. More may be ingested until you go on with\n'
            f'    {train_command(work_dir)}'
        )
    else:
        print(f'goes on with\n    {train_command(work_dir)}')
    return EXIT_PENDING if pending else 0


# ---- query and ingest ------------------------------------------------------------


def query(args) -> int:
    from mmpose_al.active_learning.formats import named_format
    from mmpose_al.active_learning.query import describe, load_queries, put_images

    queries = {q.round: q for q in load_queries(args.work_dir)}
    if not queries:
        raise ValueError(
            f'{args.work_dir}: holds no query; only a FileAnnotator '
            'writes them, when the experiment is trained'
        )
    number = max(queries) if args.round is None else args.round
    if number not in queries:
        raise ValueError(
            f'{args.work_dir}: round {number} has no query; there are {sorted(queries)}'
        )
    found = queries[number]
    if bool(args.formats) != bool(args.out):
        raise ValueError('--formats and --out go together')
    if args.formats:
        os.makedirs(args.out, exist_ok=True)
        if os.listdir(args.out):
            raise ValueError(f'{args.out}: is not empty; give another --out')
        put_images(found, args.out)
        for name in args.formats:
            named_format(name, args.options, args.work_dir).write(found, args.out)
        print(f'query {found.id} of round {number}: written to {args.out}')
        return 0
    unknown = sorted(set(args.units or ()) - set(found.units))
    if unknown:
        raise ValueError(f'{unknown} are not asked for in round {number}')
    print(f'query {found.id} of round {number}: {found.folder}')
    print(describe(found, args.units), end='')
    return 0


def ingest(args) -> int:
    from mmpose_al.active_learning.answers import ingest as take
    from mmpose_al.active_learning.query import train_command

    work_dir = osp.abspath(args.work_dir)
    done = take(
        work_dir, args.answers, args.format, args.accept_unchanged, args.dry_run, args.options
    )
    for what, count in done.passed_over.items():
        print(f'{count} passed over: {what}')
    for text in done.warnings[:SHOWN]:
        print(f'warning: {text}', file=sys.stderr)
    if done.warnings:
        more = len(done.warnings) - SHOWN
        print(
            (f'warning: ... and {more} more\n' if more > 0 else '')
            + 'warning: look at these clicks; ingest a corrected file before you '
            'go on, the latest one counts',
            file=sys.stderr,
        )
    if done.unchanged:
        print(
            f'{len(done.unchanged)} persons came back exactly as they were '
            'pre-filled and were left out (--accept-unchanged takes them): '
            f'{_some(done.unchanged)}'
        )
    if done.kept:
        print(
            f'{len(done.kept)} persons keep their earlier labels: all their joints '
            f'came back without a label (v = 0): {_some(done.kept)}'
        )
    what = (
        'would be accepted'
        if args.dry_run
        else 'accepted'
        if done.written
        else 'are there already; nothing is new'
    )
    print(
        f'round {done.round}: {len(done.units)} units, {done.views} views, '
        f'{done.joints} joints {what} ({done.format})'
    )
    if not args.dry_run:
        print(f'go on with\n    {train_command(work_dir)}')
    return 0


def _some(ids) -> str:
    return ', '.join(map(str, ids[:SHOWN])) + (', ...' if ids[SHOWN:] else '')


# ---- replay and report -----------------------------------------------------------


def replay(args) -> int:
    from mmpose_al.active_learning import QUERY_STRATEGIES
    from mmpose_al.active_learning.pool import check_unit

    pool, number, settings = _scored(args.scores, args.round)
    if args.strategy:
        strategy = dict(type=args.strategy)
    elif args.config:
        section = Config.fromfile(args.config).get('active_learning') or {}
        if not section.get('strategy'):
            raise ValueError(f'{args.config}: has no active_learning.strategy')
        strategy = dict(section['strategy'])
    elif settings:
        strategy = dict(settings['strategy'])
    else:
        raise ValueError('give --strategy or --config: this score file belongs to no experiment')
    budget = args.budget or settings.get('budget')
    if not budget:
        raise ValueError('give --budget: this score file belongs to no experiment')
    strategy.update(args.options)
    try:
        built = QUERY_STRATEGIES.build(strategy)
    except (KeyError, TypeError) as error:
        names = ', '.join(sorted(QUERY_STRATEGIES.module_dict))
        raise ValueError(f'{error}; strategies are {names}') from error
    frames = (pool.views.unit == pool.views.frame_id).all()
    check_unit('frames' if frames else settings.get('unit', 'images'), built.needs)
    picked = built.select(pool, budget)
    if args.json:
        print(
            json.dumps(
                dict(
                    strategy=strategy,
                    round=number,
                    ids=picked.ids,
                    utilities=[u if math.isfinite(u) else 1e300 for u in picked.utilities],
                )
            )
        )
        return 0
    print(
        f'# {strategy["type"]}, scores of round {number}, {int(pool.labeled.sum())} '
        f'of {len(pool.units)} units labelled\n# rank id utility'
    )
    for rank, (unit, utility) in enumerate(zip(*picked), 1):
        print(rank, unit, f'{utility:.8g}')
    return 0


def _scored(path: str, number):
    """Statistics of a pool, the round they are of, the experiment's settings."""
    import numpy as np

    from mmpose_al.active_learning import PoolStatistics
    from mmpose_al.active_learning.pool import STATE_FILE
    from mmpose_al.active_learning.statistics import load_views

    work_dir = path
    if not osp.isdir(path):
        parent = re.fullmatch(r'(.*)[/\\]round_(\d+)[/\\]scores\.npz', osp.abspath(path))
        if not parent or not osp.exists(osp.join(parent.group(1), STATE_FILE)):
            views = load_views(path)
            units = np.unique(views.unit)
            return (
                PoolStatistics(views, units, np.zeros(len(units), bool), round=number or 0),
                number or 0,
                {},
            )
        work_dir, number = parent.group(1), int(parent.group(2))
    config = osp.join(work_dir, 'experiment_config.py')
    if not osp.exists(osp.join(work_dir, STATE_FILE)) or not osp.exists(config):
        raise ValueError(
            f'{work_dir}: no experiment, active_learning.json or experiment_config.py is not there'
        )
    from mmpose_al.engine.active_learning import ActiveLearningExperiment

    cfg = Config.fromfile(config)
    cfg.work_dir, cfg.launcher = work_dir, 'none'
    experiment = ActiveLearningExperiment(cfg)
    done = [e['round'] for e in experiment.state.rounds if 'score' in e['stages']]
    number = max(done, default=None) if number is None else number
    if number not in done:
        raise ValueError(f'{work_dir}: round {number} has no scores; there are {done}')
    return experiment.statistics(number), number, experiment.settings


def report(args) -> int:
    from mmpose_al.active_learning.report import write_report

    made = write_report(args.work_dirs, args.out)
    print(made if isinstance(made, str) else f'report written to {args.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
