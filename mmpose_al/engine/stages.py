"""The stages of a round, one function each: annotate, train, score, select, pseudo.

With multi-view bootstrapping there are two more for each later training of a round.

Each is a function of what is on disk and returns what the state notes about it. They run on
every rank; files are written and choices made by rank 0. The loop that calls them is in
:mod:`mmpose_al.engine.active_learning`.
"""

import copy
import logging
import os
import os.path as osp
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Callable, Collection, Dict, Iterator, List, Optional, Sequence, Set, Tuple

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.device import get_device
from mmengine.dist import (
    all_gather_object,
    barrier,
    broadcast_object_list,
    get_rank,
    get_world_size,
)
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmengine.runner.checkpoint import load_checkpoint
from mmpose.registry import DATASETS, MODELS

from ..active_learning.annotators import Annotator, AnswersPending
from ..active_learning.experiment import EXIT_PENDING, plain_metrics, pool_statistics
from ..active_learning.held_out import counts, validation_asked
from ..active_learning.paths import Paths
from ..active_learning.pool import Pool, write_pseudo, write_split
from ..active_learning.rig_quality import rig_quality
from ..active_learning.scoring import score_pool
from ..active_learning.self_training import MultiViewBootstrapping, SelfTraining, compose_bootstrap
from ..active_learning.self_training.bootstrapping import PseudoLabels, error_of_points
from ..active_learning.self_training.consistent_frames import pseudo_error
from ..active_learning.settings import (
    Settings,
    initial_number,
    pool_source,
    starts_labeled,
    without_choice,
)
from ..active_learning.stage_names import bootstrap_of, bootstrap_stage, last_training_stage
from ..active_learning.state import WritableState
from ..active_learning.statistics import (
    PoolStatistics,
    ViewStatistics,
    concatenate,
    load_views,
    save_views,
    sort_views,
)
from ..active_learning.strategies import QueryStrategy
from ..active_learning.strategies.base import finite
from ..checkpoint_files import damage, newest_whole, noted
from ..confidence import ConfidenceMap
from ..datasets.checks import instance_ids
from ..datasets.format import camera_name, labeled_joints
from ..datasets.splits import instance_units
from ..fileio import file_fault, set_aside, sha256
from .start_network import StartNetwork, start_network

PROGRESS_SECONDS = 30  # between two lines about the pass over the pool


@dataclass
class Context:
    """What the stages of an experiment work on.

    Attributes:
        cfg (Config): Of the experiment.
        settings (Settings): Its ``active_learning`` section.
        paths (Paths): Of its folder.
        seed (int): Of the experiment.
        strategy (QueryStrategy): Chooses what is asked.
        annotator (Annotator): Answers.
        pool (Pool): What may be labelled.
        state (WritableState): What was done.
        self_training (SelfTraining, optional): Labels that the model gives itself.
        initial_strategy (QueryStrategy, optional): Chooses the first labels; None: at random.
        confidence (ConfidenceMap, optional): What the scores of keypoints are worth.
    """

    cfg: Config
    settings: Settings
    paths: Paths
    seed: int
    strategy: QueryStrategy
    annotator: Annotator
    pool: Pool
    state: WritableState
    self_training: Optional[SelfTraining] = None
    initial_strategy: Optional[QueryStrategy] = None
    confidence: Optional[ConfidenceMap] = None
    _unlabeled: Optional[Set[Optional[int]]] = field(default=None, init=False, repr=False)

    def statistics(self, number: int) -> PoolStatistics:
        """The pool as the strategy sees it after a round's scoring."""
        views = load_views(self.paths.scores(number))
        return self._statistics(views, self.state.labeled(until=number), number)

    def first_statistics(self) -> PoolStatistics:
        """The pool as the first strategy sees it, before any training.

        One that reads no statistic sees the ids alone; no pass is made for it.
        """
        views = ViewStatistics(id=self.pool.units, unit=self.pool.units)
        if self.initial_strategy is not None and self.initial_strategy.statistics:
            views = load_views(self.paths.first_scores())
        return self._statistics(views, [], 0)

    def _statistics(
        self, views: ViewStatistics, labeled: Sequence[int], number: int
    ) -> PoolStatistics:
        return pool_statistics(
            views,
            self.pool,
            labeled,
            self.seed,
            number,
            self.settings.threshold,
            self.settings.min_inliers,
            self.settings.weights,
        )

    def start(self, needs: Sequence[str]) -> Optional[torch.nn.Module]:
        """The network before any training, on the device, where a statistic is of it."""
        if 'appearance' not in needs:
            return None
        found = start_network(self.cfg, self.settings.start == 'load_from')
        return None if found.network is None else found.network.to(get_device())

    def pseudo_stage(self, number: int) -> dict:
        """What the round before chose to pseudo-label in this one."""
        return (self.state.stage(number - 1, 'pseudo') or {}) if number > 0 else {}

    def training_labels(self, number: int) -> List[int]:
        """Units whose labels a round trains on: all by then but those that validate."""
        return [i for i in self.state.labeled(until=number) if i not in self.pool.held]

    def validation_labels(self, number: int) -> List[int]:
        """Units whose labels validate a round, where answers do."""
        return [i for i in self.state.labeled(until=number) if i in self.pool.held]

    def asked_to_validate(
        self, number: int, budget: int, among: Optional[Collection[int]] = None
    ) -> List[int]:
        """Units of the query after a round (-1: the first) that validate."""
        share, labeled = self.settings.validation_share, self.state.labeled(until=number)
        return validation_asked(self.pool, share, labeled, budget, self.seed, among)

    @property
    def trainings(self) -> int:
        """Trainings of a round after that on its labels."""
        return self.self_training.trainings if self.self_training else 0

    def pseudo_file(self, number: int) -> Optional[str]:
        """The pseudo-labels that a round trains on; None without."""
        stage = self.pseudo_stage(number)
        return self.paths.absolute(stage['file']) if stage.get('annotations') else None

    def any_left(self, taken: List[int]) -> bool:
        """Whether an unlabelled source, if there is one, has a person beyond units."""
        source = self.cfg.train_dataloader.dataset.get('unlabeled')
        if not source:
            return True
        if self._unlabeled is None:
            unit_of = instance_units(self.pool.data, self.pool.unit)
            data = DATASETS.build(without_choice(source))
            self._unlabeled = {unit_of.get(i) for i in instance_ids(data).tolist()}
        return not self._unlabeled <= {*taken, *self.pool.held}

    def taken(self, number: int) -> List[int]:
        """Units that a round's unlabelled source leaves out, what validates among them.

        The pseudo-labelled ones stay where it would have no other.
        """
        labeled = sorted({*self.state.labeled(until=number), *self.pool.held})
        both = labeled + self.pseudo_stage(number).get('ids', [])
        return both if self.any_left(both) else labeled


def say(text: str, level: int = logging.INFO) -> None:
    """A line for the user, from rank 0."""
    if get_rank() == 0:
        print_log(f'active learning: {text}', 'current', level)


@contextmanager
def warnings_in_log() -> Iterator[None]:
    """Inside, Python's warnings go into the log of the run as well."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        yield
    for each in caught:
        say(str(each.message), logging.WARNING)
        warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)


# ---- annotate --------------------------------------------------------------------


def annotate(context: Context, number: int) -> dict:
    """A query becomes labels.

    Raises:
        SystemExit: With status ``EXIT_PENDING``, where the query waits for its answers.
        ValueError: The query cannot be asked, or its answers not be read.
    """
    initial = context.settings.initial
    adopts = number == 0 and starts_labeled(initial)
    if number == 0:
        units, utilities = first_units(context)
        views = None
    else:
        chosen = context.state.done(number - 1, 'select')
        units, utilities = chosen['ids'], chosen['utilities']
        views = load_views(context.paths.scores(number - 1))
    answered = _answers(context.annotator, number, units, utilities, views, adopts)
    gone = context.annotator.withdrawn(context.state.labeled())
    check_something_trains(context, answered, gone)
    # Killed after the labels were noted: the note stands.
    if not any(event['round'] == number for event in context.state.content['labeled']):
        known = set(context.state.labeled())
        new = [unit for unit in answered if unit not in known]
        context.state.add_labels(number, new, type(context.annotator).__name__, gone)
        if gone:
            say(f'round {number}: all labels of {context.pool.unit} {gone} were taken back')
    labeled = context.state.labeled()
    cost = context.annotator.cost() or labeled_cost(context.pool, labeled)
    return dict(
        asked=len(units),
        answered=len(set(units) & set(answered)),
        labels=len(labeled),
        **cost,
        **counts(context.pool.held, labeled),
    )


def check_something_trains(
    context: Context, answered: Sequence[int], gone: Sequence[int] = ()
) -> None:
    """Raise ValueError where all that is labelled validates; more may be answered then."""
    held = context.pool.held
    if held and set(answered) | (set(context.state.labeled()) - set(gone)) <= held:
        raise ValueError(
            f'all that is answered so far validates ({context.pool.unit} {sorted(answered)[:5]}), '
            'so there is nothing to train on. Answer more of the query, and start again'
        )


def first_units(context: Context) -> Tuple[List[int], List[float]]:
    """What is labelled before the first training, and why; nothing on ranks but the first.

    Raises:
        ValueError: Fewer units may be chosen than ``initial``.
    """
    initial, strategy = context.settings.initial, context.initial_strategy
    number = initial_number(initial)
    labeled, pool = starts_labeled(initial), context.pool
    if number is None:
        units = pool.initial_labeled(None, context.seed)
        return units, [0.0] * len(units)
    held = context.asked_to_validate(-1, number, pool.labeled_units() if labeled else None)
    if strategy is None or labeled:
        choose = pool.training.initial_labeled if labeled else pool.training.initial
        units = sorted(choose(number - len(held), context.seed) + held)
        return units, [0.0] * len(units)
    if strategy.statistics:
        score_first(context, strategy)
    if get_rank() != 0:
        return [], []
    units, utilities = strategy.select(context.first_statistics(), number - len(held))
    return units + held, finite(utilities) + [0.0] * len(held)


def score_first(context: Context, strategy: QueryStrategy) -> None:
    """One pass over the pool before any training, for what needs none; once."""
    path = context.paths.first_scores()
    if osp.exists(path) and set(strategy.statistics) <= set(load_views(path)):
        return
    start = start_network(context.cfg, context.settings.start == 'load_from')
    loader: Any = pool_loader(context)
    if 'appearance' in strategy.statistics:
        say_start(strategy, start)
    views = score_pool(
        start.model.to(get_device()),
        loader,
        context.settings.unit,
        strategy.needs,
        Progress('before the first round: score', len(loader.dataset)),
        start.network,
        trained=False,
    )
    parts = all_gather_object(views)
    if get_rank() == 0:
        os.makedirs(osp.dirname(path), exist_ok=True)
        save_views(of_pool(parts, context.pool), path)
    barrier()


def say_start(strategy: QueryStrategy, start: StartNetwork) -> None:
    """Say by what images are compared before any training, and what would be better."""
    name = type(strategy).__name__
    if start.network is not None:
        say(f'{name} compares features of the backbone ({start.weights})')
        return
    say(
        f'{name} compares colours and edges of the images, because {start.weights}. Features '
        'tell more: give the backbone weights of ImageNet (backbone.init_cfg=dict('
        "type='Pretrained', checkpoint=...)), from a file if there is no network here"
    )


def _answers(
    annotator: Annotator,
    number: int,
    units: Sequence[int],
    utilities: Sequence[float],
    views: Optional[ViewStatistics],
    adopts: bool = False,
) -> List[int]:
    """What rank 0 gets from the annotator, on every rank; all units where it ``adopts`` them."""
    box: List[Any] = [None, None]  # answers, or why there are none
    if get_rank() == 0:
        try:
            if adopts:
                annotator.adopt(units)
                box[0] = list(units)
            else:
                annotator.ask(number, units, utilities, views)
                box[0] = annotator.answers(number)
        except AnswersPending as error:
            print_log(str(error), 'current')
        except (OSError, ValueError) as error:  # the other ranks wait
            box[1] = f'{type(error).__name__}: {error}'
    broadcast_object_list(box)
    answered, fault = box
    if fault is not None:
        raise ValueError(fault)
    if answered is None:
        raise SystemExit(EXIT_PENDING)
    return answered


def labeled_cost(pool: Pool, labeled: List[int]) -> dict:
    """Labelled ``views`` and ``joints`` of some units, counted from the pool's file."""
    unit_of = instance_units(pool.data, pool.unit)
    known = set(labeled)
    views = joints = 0
    for annotation in pool.data['annotations']:
        if annotation['id'] in pool.persons and unit_of[annotation['id']] in known:
            seen = labeled_joints(annotation)
            views += seen > 0
            joints += seen
    return dict(views=views, joints=joints)


# ---- train -----------------------------------------------------------------------


def train(context: Context, number: int) -> dict:
    """An ordinary Runner in the round's folder, and its evaluation."""
    mend_pseudo(context, number)
    return run_training(context, number)


def mend_pseudo(context: Context, number: int) -> None:
    """Make the pseudo-labels of a round anew where their file is damaged or gone.

    Raises:
        ValueError: Others come of it than before.
    """
    path = context.pseudo_file(number)
    fault = file_fault(path) if path is not None and get_rank() == 0 else ''
    if path is not None and fault:
        say(f'{path}: {fault}; it is made anew from the scores')
        made, noted = pseudo(context, number - 1), context.pseudo_stage(number)
        if any(made.get(key) != value for key, value in noted.items() if key != 'seconds'):
            set_aside(path)
            raise ValueError(
                f'{path}: {fault}, and the scores of round {number - 1} give other pseudo-labels '
                'now. Put the file back'
            )
    barrier()


def write_splits(context: Context, number: int) -> None:
    """Write what a round trains on, leaves out of its unlabelled source, and validates on."""
    paths = context.paths
    if get_rank() == 0:
        write_split(context.pool, context.training_labels(number), paths.labeled_split(number))
        write_split(context.pool, context.taken(number), paths.taken_split(number))
        if context.pool.held:
            validating = context.validation_labels(number)
            write_split(context.pool, validating, paths.validation_split(number))
    barrier()


def run_training(context: Context, number: int, bootstrap: int = 0) -> dict:
    """A training of a round: on its labels, or a later one, which has pseudo-labels too."""
    paths = context.paths
    write_splits(context, number)
    runner = Runner.from_cfg(round_config(context, number, bootstrap))
    last = LastEvaluation()
    runner.register_hook(last)
    runner.train()
    found = last.metrics
    if last.iter != runner.iter and runner.val_loop is not None:
        found = runner.val_loop.run()
    scalars: Dict[str, Any] = {k: v for k, v in found.items() if np.isscalar(v)}
    metrics = {name: float(value) for name, value in scalars.items()}
    folder = paths.training(number, bootstrap)
    checkpoint = paths.relative(noted(folder) or paths.last_checkpoint(number, bootstrap))
    shown = ', '.join(f'{k} {v:.4g}' for k, v in plain_metrics(metrics).items())
    what = f'round {number}{f", bootstrap {bootstrap}" if bootstrap else ""}'
    say(f'{what}: {shown or "trained; there is no validation" + " yet" * bool(context.pool.held)}')
    return dict(checkpoint=checkpoint, steps=runner.iter, metrics=metrics)


def round_config(context: Context, number: int, bootstrap: int = 0) -> Config:
    """The ordinary config of a training: its data is what is labelled by then."""
    paths, settings = context.paths, context.settings
    cfg = copy.deepcopy(context.cfg)
    for key in ('active_learning', 'runner_type'):
        cfg.pop(key, None)
    cfg.train_cfg = cfg.train_cfg.round_cfg
    cfg.work_dir = paths.training(number, bootstrap)
    name = osp.basename(paths.folder.rstrip('/'))
    mark = sha256(paths.folder.encode())[:8]
    part = f'_bootstrap{bootstrap}' if bootstrap else ''
    cfg.experiment_name = f'{name}_round{number:02d}{part}_{mark}'
    if cfg.get('visualizer'):
        cfg.visualizer.name = f'visualizer_{cfg.experiment_name}'
    if (cfg.get('default_hooks') or {}).get('checkpoint'):
        cfg.default_hooks.checkpoint.pop('out_dir', None)  # a round keeps its files
    begun = where_it_was(cfg.work_dir)
    cfg.resume = begun is not None
    if cfg.resume or settings.start != 'load_from':
        cfg.load_from = begun  # MMEngine would resume from load_from
    if settings.start == 'last' and (bootstrap or number > 0) and not cfg.resume:
        before = (number, bootstrap) if bootstrap else (number - 1, None)
        cfg.load_from = trained(context, *before)
        cfg.pop('load_cfg', None)  # it says what a published checkpoint gives
    if bootstrap and context.self_training:
        compose_bootstrap(cfg, context.self_training)
    choose_data(context, number, cfg.train_dataloader.dataset, bootstrap)
    if context.validation_labels(number):
        validate_on_answers(context, number, cfg)
    if cfg.get('test_dataloader') is None:  # an evaluator alone says how answers validate
        cfg.test_evaluator = cfg.test_cfg = None
    return cfg


def choose_data(context: Context, number: int, data: ConfigDict, bootstrap: int = 0) -> None:
    """Make a training data set's config read what is labelled and what is not in a round."""
    sources = [labeled_source(context, context.paths.labeled_split(number))]
    pseudo = context.pseudo_file(number)
    if bootstrap:
        pseudo = context.paths.bootstrap_labels(number, bootstrap)
    if pseudo is not None:
        sources.append(ConfigDict(pool_source(context.cfg), ann_file=pseudo))
    data.labeled = sources
    # `shares` are of labels, pseudo-labels and unlabelled views; some rounds have no second.
    if (
        data.get('shares')
        and pseudo is None
        and len(data.shares) == 2 + bool(data.get('unlabeled'))
    ):
        data.shares = [data.shares[0], *data.shares[2:]]
    if data.get('unlabeled'):
        data.unlabeled.pop('labels', None)
        data.unlabeled.update(ids_file=context.paths.taken_split(number), subset='unlabeled')
        ids = context.pseudo_stage(number).get('ids', [])
        overlaps = bool(set(ids) - set(context.taken(number))) or bootstrap > 0
        if pseudo is not None and overlaps:
            data.allow_overlap = True


def labeled_source(context: Context, split: str) -> Any:
    """Config of the labels of the units that a split file names."""
    source: Any = pool_source(context.cfg)
    source.update(ids_file=split, subset='labeled')
    own_file = osp.abspath(context.annotator.labels_file)
    if own_file != context.pool.path:
        source.update(ann_file=own_file, check_split=False)
    return source


def validate_on_answers(context: Context, number: int, cfg: Config) -> None:
    """Make a round's config validate on what people answered for that."""
    source = labeled_source(context, context.paths.validation_split(number))
    cfg.val_dataloader = whole_loader(cfg, source, pipeline=context.settings.pool['pipeline'])
    cfg.val_evaluator, cfg.val_cfg = copy.deepcopy(cfg.test_evaluator), ConfigDict()


def where_it_was(folder: str) -> Optional[str]:
    """The whole checkpoint that a run in a work directory goes on from.

    None where there is none: the round begins anew, and ends as it would have.
    """
    box: List[Any] = [None]
    if get_rank() == 0:
        found = newest_whole(folder)
        box[0] = found.path
        for text in found.told:
            say(f'resume: {text}')
        if found.told and found.path is None:
            say(f'resume: {folder} is trained from its beginning')
    broadcast_object_list(box)
    return box[0]


def trained(context: Context, number: int, before: Optional[int] = None) -> str:
    """The checkpoint of a round that is trained; where it is damaged, it is trained again.

    Args:
        context (Context): Of the experiment.
        number (int): Of the round.
        before (int, optional): The training before this bootstrap; None: the newest one.
    """
    context.state.done(number, 'train')
    name = last_training_stage(context.state.rounds[number]['stages'], before)
    box: List[Any] = [None, None]
    if get_rank() == 0:
        box[0] = context.paths.absolute(context.state.done(number, name)['checkpoint'])
        box[1] = damage(box[0])
    broadcast_object_list(box)
    path, fault = box
    if fault:
        say(f'{path} {fault}; round {number} is trained again from what is whole')
        result = stage_function(name)(context, number)
        note = context.state.finish if get_rank() == 0 else context.state.note
        note(number, name, dict(context.state.done(number, name), **result))
        path = context.paths.absolute(result['checkpoint'])
    return path


class LastEvaluation(Hook):
    """Keeps what the last evaluation of a training found, and after how many steps."""

    iter = -1
    metrics: Dict[str, float] = {}

    def after_val_epoch(self, runner: Runner, metrics: Optional[Dict[str, float]] = None) -> None:
        """See MMEngine's Hook."""
        self.iter, self.metrics = runner.iter, dict(metrics or {})


# ---- bootstrap: later trainings of a round, on pseudo-labels too ---------------------


def bootstrap_label(context: Context, number: int, bootstrap: int) -> dict:
    """Views of the pool by the network before it make the pseudo-labels of a later training."""
    rules: Any = context.self_training
    loader, what = pool_loader(context), f'round {number}: bootstrap {bootstrap}'
    scores = context.paths.bootstrap_scores(number, bootstrap)
    count = score_into(scores, context, number, loader, (), what, bootstrap)
    if get_rank() != 0:
        return {}
    views = load_views(scores)
    check_views(views)
    views = views.select(~np.isin(views.unit, list(context.pool.held)))
    made = pseudo_labels(
        rules, views, context.pool, context.training_labels(number), loader, context.seed
    )
    path = context.paths.bootstrap_labels(number, bootstrap)
    keypoints, weights = made.by_id()
    written = write_pseudo(context.pool, keypoints, path, weights)
    noted = dict(file=context.paths.relative(path), views=count, annotations=written)
    noted.update(summary(made, context.pool))
    say(f'{what}: {noted["joints"]} of {noted["of"]} joints pseudo-labelled')
    return noted


def pseudo_labels(
    rules: MultiViewBootstrapping,
    views: ViewStatistics,
    pool: Pool,
    labeled: Sequence[int],
    loader: Any,
    seed: int = 0,
) -> PseudoLabels:
    """See :meth:`MultiViewBootstrapping.labels`; on the device, and it says how far it is."""
    flips = loader.dataset.metainfo['flip_indices']
    progress = Progress('triangulation', len(views) * get_world_size())
    return rules.labels(views, pool, labeled, flips, seed, get_device(), progress)


def summary(made: PseudoLabels, pool: Pool) -> dict:
    """What is noted of pseudo-labels: ``joints`` with one, ``of`` how many in views without
    labels of people, the mean ``weight`` of a label, ``mkpe`` to the truth in mm or None."""
    labels = made.labeled
    error = error_of_points(made.agreement, pool.truth())
    return dict(
        joints=int(labels.sum()),
        of=labels.size,
        weight=round(float(made.weights[labels].mean()), 6) if labels.any() else None,
        mkpe=error if np.isfinite(error) else None,
    )


def bootstrap_train(context: Context, number: int, bootstrap: int) -> dict:
    """Train anew on the labels and on pseudo-labels; without one, what was trained stands."""
    made = context.state.done(number, bootstrap_stage('label', bootstrap))
    if not made['annotations']:
        why = 'no joint on which enough views agree' if made.get('of', 1) else 'all is labelled'
        say(f'round {number}: {why}; bootstrap is left out')
        before = context.state.trained(number) or {}
        return dict(before, skipped='no joint has a pseudo-label')
    mend_bootstrap(context, number, bootstrap)
    return run_training(context, number, bootstrap)


def mend_bootstrap(context: Context, number: int, bootstrap: int) -> None:
    """Make the pseudo-labels of a later training anew where their file is damaged or gone."""
    path = context.paths.bootstrap_labels(number, bootstrap)
    box = [file_fault(path) if get_rank() == 0 else '']
    broadcast_object_list(box)
    if box[0]:
        say(f'{path}: {box[0]}; it is made anew')
        bootstrap_label(context, number, bootstrap)
        barrier()


# ---- score -----------------------------------------------------------------------


def score(context: Context, number: int) -> dict:
    """One pass over the pool with the round's weights; its statistics are written."""
    what, path = f'round {number}: score', context.paths.scores(number)
    count = score_into(path, context, number, pool_loader(context), context.strategy.needs, what)
    noted = agreement(context, number, load_views(path)) if get_rank() == 0 else {}
    return dict(file=context.paths.relative(path), views=count, **noted)


def score_into(
    path: str,
    context: Context,
    number: int,
    loader: Any,
    needs: Sequence[str],
    what: str,
    before: Optional[int] = None,
) -> int:
    """Write the statistics of the pool with a round's weights, see :func:`trained`.

    Returns:
        int: How many views all ranks had.
    """
    views = score_pool(
        trained_model(context, number, before),
        loader,
        context.settings.unit,
        needs,
        Progress(what, len(loader.dataset)),
        context.start(needs),
    )
    if context.confidence is not None:
        views = views.replace(scores=context.confidence(views.scores))
    parts = all_gather_object(views)
    if get_rank() == 0:
        save_views(of_pool(parts, context.pool), path)
    barrier()
    return sum(map(len, parts))


def agreement(context: Context, number: int, views: ViewStatistics) -> dict:
    """How well the views of a rig agree, as ``metrics``; nothing of a pool without cameras."""
    names = {c['id']: camera_name(c) for c in context.pool.data['cameras']}
    if not names or not views.calibrated.any():
        return {}
    metrics = rig_quality(views, names, context.settings.threshold)
    shown = ', '.join(f'{k} {v:.4g}' for k, v in plain_metrics(metrics).items())
    say(f'round {number}: {shown}')
    return dict(metrics=metrics)


def trained_model(context: Context, number: int, before: Optional[int] = None) -> torch.nn.Module:
    """A network of a round on the device, see :func:`trained`."""
    model = MODELS.build(copy.deepcopy(context.cfg.model))
    path = trained(context, number, before)
    load_checkpoint(model, path, map_location='cpu', strict=True, logger='silent')
    return model.to(get_device())


def pool_loader(context: Context) -> torch.utils.data.DataLoader:
    """All of the pool, in the order of its file, each rank its share."""
    return source_loader(
        context.cfg, pool_source(context.cfg), context.seed, **context.settings.pool
    )


def source_loader(
    cfg: Config, source: dict, seed: int = 0, **changes: Any
) -> torch.utils.data.DataLoader:
    """All of a source in the order of its file, through the pipeline of validation.

    Args:
        cfg (Config): Where it has neither ``val_dataloader`` nor ``test_dataloader``,
            ``changes`` have the pipeline.
        source (dict): Config of the data set.
        seed (int): Of the loader.
        changes: Keys of the data set that are other than those.
    """
    loader_cfg = whole_loader(cfg, source, **dict(dict(need_keypoints=False), **changes))
    loader_cfg.dataset = DATASETS.build(loader_cfg.dataset)
    return Runner.build_dataloader(loader_cfg, seed=seed)


def whole_loader(cfg: Config, source: dict, **changes: Any) -> ConfigDict:
    """Config of a loader of all of a source, see :func:`source_loader`."""
    loader_cfg = copy.deepcopy(cfg.get('val_dataloader') or cfg.get('test_dataloader'))
    if loader_cfg is None:  # nothing validates
        keys = ('batch_size', 'num_workers', 'persistent_workers')
        loader_cfg = ConfigDict({k: v for k, v in cfg.train_dataloader.items() if k in keys})
        loader_cfg.dataset = dict(pipeline=changes['pipeline'])
    dataset: Any = copy.deepcopy(source)
    dataset.update(pipeline=loader_cfg.dataset.pipeline, test_mode=True)
    dataset.update(changes)
    loader_cfg.dataset = dataset
    loader_cfg.sampler = dict(type='DefaultSampler', shuffle=False, round_up=False)
    return loader_cfg


def of_pool(parts: List[ViewStatistics], pool: Pool) -> ViewStatistics:
    """The statistics of all ranks together, of the pool's units alone."""
    together = sort_views(concatenate(parts))
    kept = np.isin(together.unit, pool.units)
    return together if kept.all() else together.select(kept)


class Progress:
    """Says every half minute how far a pass over the pool is.

    Args:
        what (str): That goes on.
        total (int): Views on all ranks.
        tell (callable): Takes a line.
    """

    def __init__(self, what: str, total: int, tell: Callable[[str], None] = say):
        self.what, self.tell = what, tell
        self.total = -(-total // get_world_size())
        self.done, self.start = 0, time.monotonic()
        self.said = self.start

    def __call__(self, views: int) -> None:
        """So many views more are done."""
        self.done += views
        now = time.monotonic()
        if now - self.said >= PROGRESS_SECONDS:
            self.said = now
            left = (now - self.start) / self.done * (self.total - self.done)
            self.tell(f'{self.what}: {self.done} of {self.total} views, {left:.0f} s left')


# ---- select and self-train -----------------------------------------------------------


def select(context: Context, number: int) -> dict:
    """The next query."""
    if get_rank() != 0:
        return {}
    pool = context.statistics(number)
    check_views(pool.views)
    budget = context.settings.budget_after(number)
    held = context.asked_to_validate(number, budget)
    with warnings_in_log():
        selection = context.strategy.select(pool, budget - len(held))
    held = held if selection.ids else []
    return dict(
        strategy=type(context.strategy).__name__,
        ids=selection.ids + held,
        utilities=finite(selection.utilities) + [0.0] * len(held),
        **(dict(validation=len(held)) if context.pool.held else {}),
    )


def check_views(views: ViewStatistics) -> None:
    """Raise FloatingPointError where the confidence of a scored view is not finite."""
    bad = ~np.isfinite(views.scores).all(1) if 'scores' in views else np.zeros(len(views), bool)
    if bad.any():
        raise FloatingPointError(
            f'the scores of {bad.sum()} of {len(bad)} views are not finite, first annotation ids '
            f'{views.id[bad][:5].tolist()}: the network that made them diverged, and no label is '
            'asked for. Train the round again with a smaller learning rate'
        )


def pseudo(context: Context, number: int) -> dict:
    """What the next round trains on beside labels (self-training)."""
    if context.self_training is None or get_rank() != 0:
        return {}
    pool = context.statistics(number)
    rounds = range(1, number + 1) if context.self_training.remembers else [number]
    chosen = context.self_training.for_next_round(
        pool,
        context.pool,
        context.state.done(number, 'select')['ids'],
        [i for each in rounds for i in context.pseudo_stage(each).get('ids', [])],
    )
    if chosen is None:
        return {}
    path = context.paths.pseudo(number + 1)
    count = write_pseudo(context.pool, chosen.keypoints, path)
    error = pseudo_error(pool, chosen.ids, context.pool.truth())
    return dict(
        ids=chosen.ids,
        candidates=chosen.candidates,
        annotations=count,
        file=context.paths.relative(path),
        mkpe=error if np.isfinite(error) else None,
    )


#: In the order of a round.
STAGES: Dict[str, Callable[[Context, int], dict]] = dict(
    annotate=annotate, train=train, score=score, select=select, pseudo=pseudo
)


def stage_function(name: str) -> Callable[[Context, int], dict]:
    """The function of a stage, by its name in the state."""
    found = bootstrap_of(name)
    if found is None:
        return STAGES[name]
    kind, number = found
    return partial(dict(label=bootstrap_label, train=bootstrap_train)[kind], bootstrap=number)
