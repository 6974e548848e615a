"""What a strategy would ask for, from saved scores.

    mmpose-al replay WORK_DIR --strategy MultiPeakEntropy
    mmpose-al replay WORK_DIR/round_00/scores.npz --strategy RandomSampling --budget 8

Nothing in the experiment is written.
"""

import argparse
import json
import os.path as osp
from typing import TYPE_CHECKING, Any, Dict, NamedTuple, Optional

from ..registration import import_custom_modules
from .options import add_options, positive

if TYPE_CHECKING:
    from ..active_learning.settings import Settings
    from ..active_learning.statistics import PoolStatistics

HELP = 'what a strategy would ask for, from saved scores'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('scores', help='the work directory, or a scores.npz')
    parser.add_argument(
        '--round', type=int, help='whose scores of the work directory; default: the latest'
    )
    given = parser.add_mutually_exclusive_group()
    given.add_argument('--strategy', metavar='TYPE', help="default: the experiment's own strategy")
    given.add_argument('--config', help='take its active_learning.strategy')
    add_options(parser, 'arguments of the strategy')
    parser.add_argument('--budget', type=positive, help="default: the experiment's")
    parser.add_argument('--json', action='store_true', help='print JSON')


def run(args: argparse.Namespace) -> int:
    """Print the picks; nothing is written."""
    from ..active_learning.strategies.base import finite

    scored = read_scores(args.scores, args.round)
    strategy = strategy_of(args, scored.settings)
    budget = args.budget or scored.budget
    if not budget:
        raise ValueError('give --budget: this score file belongs to no experiment')
    built = build(strategy, scored)
    picked = built.select(scored.pool, budget)
    if args.json:
        utilities = finite(picked.utilities)
        content = dict(strategy=strategy, round=scored.round, ids=picked.ids, utilities=utilities)
        print(json.dumps(content))
        return 0
    print(
        f'# {strategy["type"]}, scores of round {scored.round}, {int(scored.pool.labeled.sum())} '
        f'of {len(scored.pool.units)} units labelled\n# rank id utility, and what it is'
    )
    for rank, (unit, utility) in enumerate(zip(*picked), 1):
        number, shown = f'{utility:.8g}', built.shown(utility)
        print(rank, unit, number, *([shown] if shown != f'{utility:.4g}' else []))
    return 0


class Scored(NamedTuple):
    """What is replayed.

    Attributes:
        pool (PoolStatistics): As the strategy saw it.
        round (int): That it is of.
        settings (Settings, optional): Of the experiment; None of a score file alone.
        budget (int, optional): What the experiment's strategy chose.
    """

    pool: 'PoolStatistics'
    round: int
    settings: 'Optional[Settings]'
    budget: Optional[int] = None


def read_scores(path: str, number: Optional[int]) -> Scored:
    """The statistics of a work directory or of a score file.

    Raises:
        ValueError: There are none.
    """
    from ..active_learning.experiment import Experiment, pool_statistics
    from ..active_learning.paths import experiment_of_scores
    from ..active_learning.statistics import load_views

    folder = path
    if not osp.isdir(path):
        owner = experiment_of_scores(path)
        if owner is None:
            views = load_views(path)
            return Scored(pool_statistics(views, round=number or 0), number or 0, None)
        folder, number = owner
    experiment = Experiment(folder)
    settings, done = experiment.settings, experiment.scored()
    if number is None and done:
        number = done[-1]
    if number is None:
        raise ValueError(f'{folder}: no round has scores; train first')
    if number not in done:
        raise ValueError(f'{folder}: round {number} has no scores; there are {done}')
    budget = experiment.budget_after(number)
    return Scored(experiment.statistics(number), number, settings, budget)


def strategy_of(args: argparse.Namespace, settings: 'Optional[Settings]') -> Dict[str, Any]:
    """The strategy's config: of the command line, of a config file, or the experiment's own.

    Raises:
        ValueError: None is named.
    """
    if args.strategy:
        strategy = dict(type=args.strategy)
    elif args.config:
        from mmengine.config import Config

        from ..config_files import config_path

        config = Config.fromfile(config_path(args.config), import_custom_modules=False)
        import_custom_modules(config)
        section = config.get('active_learning') or {}
        if not section.get('strategy'):
            raise ValueError(f'{args.config}: has no active_learning.strategy')
        strategy = dict(section['strategy'])
    elif settings is not None:
        strategy = dict(settings.strategy)
    else:
        raise ValueError('give --strategy or --config: this score file belongs to no experiment')
    strategy.update(args.options)
    return strategy


def build(strategy: Dict[str, Any], scored: Scored) -> Any:
    """The strategy, if it suits the units.

    Raises:
        ValueError: There is no such strategy, or it judges frames and the units are none.
    """
    from ..active_learning.pool import check_unit
    from ..active_learning.registry import QUERY_STRATEGIES

    built = QUERY_STRATEGIES.build(dict(strategy))
    frames = (scored.pool.views.unit == scored.pool.views.frame_id).all()
    other = 'images' if scored.settings is None else scored.settings.unit
    check_unit('frames' if frames else other, built.needs)
    return built
