"""An active-learning experiment: rounds of ordinary runs, and what lies between them.

``annotate`` (a query becomes labels) -> ``train`` (an ordinary Runner in
``round_XX/``, and its evaluation) -> ``score`` (one pass over the pool) -> ``select``
(the next query) -> ``pseudo`` (self-training), and again. With multi-view bootstrapping
more trainings follow ``train``, each after its pseudo-labels: ``bootstrap_1_label``,
``bootstrap_1_train``, and so on. After each stage the state is on disk
(:mod:`mmpose_al.active_learning.state`), and every stage (:mod:`mmpose_al.engine.stages`) is
a function of what is there, so an experiment that is killed anywhere ends like one that was
not.
"""

import copy
import os.path as osp
import time
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any, Callable, Iterator, List, Optional, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dist import barrier, broadcast_object_list, get_rank, init_dist, is_distributed
from mmengine.registry import init_default_scope
from mmengine.runner import BaseLoop, Runner
from mmpose.registry import LOOPS, MODELS, RUNNERS

from ..active_learning.experiment import read_pool
from ..active_learning.held_out import hold_out
from ..active_learning.paths import Paths
from ..active_learning.pool import check_pool
from ..active_learning.registry import ANNOTATORS, QUERY_STRATEGIES, SELF_TRAINING
from ..active_learning.scoring import check_model, check_untrained
from ..active_learning.self_training import check_bootstraps
from ..active_learning.settings import (
    changed_keys,
    earlier_digests,
    experiment_digest,
    movable,
    pool_source,
    read_settings,
    seed_of,
    starts_labeled,
)
from ..active_learning.stage_names import bootstrap_stage, last_training
from ..active_learning.state import (
    State,
    StateError,
    WritableState,
    check_state,
    gone,
    has_experiment,
    load_state,
    new_state,
)
from ..active_learning.statistics import load_views
from ..active_learning.stopping import reached
from ..active_learning.strategies import QueryStrategy
from ..checkpoint_files import damage
from ..confidence import read_confidence
from ..config_files import any_folder
from ..fileio import locked, remove_leftovers, sync_parents, write_checked
from .stages import Context, say, stage_function

# A killed training may leave workers that hold its lock for some seconds more.
LOCK_PATIENCE = 15.0


class ActiveLearningExperiment:
    """Runs, or continues, the experiment that a config describes.

    Building it writes nothing.

    Args:
        cfg (Config): With an ``active_learning`` section, see
            :class:`~mmpose_al.active_learning.settings.Settings`, and
            ``train_cfg = dict(type='ActiveLearningLoop', round_cfg=...)``.

    Attributes:
        context (Context): What the stages work on.

    Raises:
        ValueError: The config lacks something; it says what.
        StateError: The folder holds another experiment.
    """

    def __init__(self, cfg: Config):
        init_default_scope(cfg.get('default_scope', 'mmpose'))
        settings = read_settings(cfg)
        if cfg.get('launcher', 'none') != 'none' and not is_distributed():
            init_dist(
                cfg.launcher, **(cfg.get('env_cfg') or {}).get('dist_cfg', dict(backend='nccl'))
            )
        strategy = QUERY_STRATEGIES.build(settings.strategy)
        first = None
        if settings.initial_strategy:
            first = QUERY_STRATEGIES.build(settings.initial_strategy)
            check_untrained(first)
        annotator = ANNOTATORS.build(settings.annotator)
        source = pool_source(cfg)
        pool = hold_out(
            read_pool(source, settings.unit, annotator),
            settings.validation,
            starts_labeled(settings.initial),
            seed_of(cfg),
        )
        rules = settings.self_training and SELF_TRAINING.build(settings.self_training)
        needs = [*strategy.needs, *(rules.needs if rules else ())]
        check_pool(pool, needs, settings.min_inliers)
        strategy.check_pool(pool)
        if rules:
            rules.check(pool)
            check_bootstraps(cfg, rules)
        if getattr(annotator, 'image_root', '') is None:
            annotator.image_root = osp.join(
                source.get('data_root') or '', (source.get('data_prefix') or {}).get('img') or ''
            )
        paths = Paths(osp.abspath(cfg.work_dir))
        annotator.open(paths.folder, pool)
        digest, seed = experiment_digest(cfg), seed_of(cfg)
        state = new_state(paths.folder, pool, digest, seed)
        confidence = read_confidence(settings.confidence) if settings.confidence else None
        self.context = Context(
            cfg,
            settings,
            paths,
            seed,
            strategy,
            annotator,
            pool,
            state,
            rules or None,
            first,
            confidence,
        )
        self._take_state(self._read_state)

    @property
    def state(self) -> WritableState:
        """What was done."""
        return self.context.state

    # ---- the state -------------------------------------------------------------------

    def _take_state(self, read: Callable[[], dict]) -> None:
        """As rank 0 finds it: to a rank that starts late a new one would look old."""
        box: List[Any] = [None, None]  # what the state holds, or what is wrong with it
        if get_rank() == 0:
            try:
                box[0] = read()
            except (OSError, ValueError) as error:  # the other ranks wait
                box[1] = str(error)
        broadcast_object_list(box)
        content, fault = box
        if fault is not None:
            raise StateError(fault)
        self.context.state = WritableState(self.context.paths.folder, content)

    def _read_state(self) -> dict:
        """What the state on disk holds, or a new one.

        Until a stage is finished the config may change, as an error may have said.
        """
        context, cfg = self.context, self.context.cfg
        digest = experiment_digest(cfg)
        state = load_state(context.paths.folder)
        if state is None:
            if has_experiment(context.paths):  # it must not begin again without a word
                raise StateError(gone(context.paths.state))
            state = new_state(context.paths.folder, context.pool, digest, context.seed)
        noted = state.content['config_digest']
        if not state.rounds or noted in earlier_digests(cfg):
            state.content['config_digest'] = digest
        same = state.content['config_digest'] == digest
        changed = [] if same else changed_since(cfg, context.paths.config)
        check_state(state, context.pool, digest, context.seed, changed)
        check_scored(context.paths, state, context.strategy)
        state.content['pool']['file'] = context.pool.path  # it may have been moved
        return state.content

    def _begin(self, stack: ExitStack) -> dict:
        """Keep others out, then write the state and the config for the commands that go on."""
        stack.enter_context(only_training(self.context.paths))
        content = self._read_state()  # another training may just have ended
        for folder in self.context.paths.folders():
            remove_leftovers(folder)
        sync_parents(self.context.paths.folder)
        annotator, state = self.context.annotator, WritableState(self.context.paths.folder, content)
        annotator.check_kept(state.labeled_by(type(annotator).__name__))
        annotator.restore()
        write_config(self.context.cfg, self.context.paths)
        state.write()
        return content

    # ---- the rounds ------------------------------------------------------------------

    def run(self) -> WritableState:
        """All rounds that are left.

        Raises:
            SystemExit: With status 3, when a query waits for its answers.
            StateError: Another training is at it.
            ValueError: The model cannot score a pool as the strategy needs it.
        """
        context = self.context
        with ExitStack() as stack:
            self._take_state(lambda: self._begin(stack))
            if self.state.stage(0, 'train') is None or self._strategy_is_new():
                # before people are asked, and before a training
                model = MODELS.build(copy.deepcopy(context.cfg.model))
                check_model(model, context.strategy, context.confidence)
            number = max(len(self.state.rounds) - 1, 0)
            reason = self._round(number)
            while reason is None:
                number += 1
                reason = self._round(number)
            say(f'finished: {reason}; {len(self.state.labeled())} {context.settings.unit} labelled')
            if get_rank() == 0:
                self.state.end(reason)
            barrier()
            return self.state

    def _strategy_is_new(self) -> bool:
        """Whether another strategy chose before."""
        chose = [each['stages'].get('select') for each in self.state.rounds]
        names = [stage['strategy'] for stage in chose if stage]
        return bool(names) and names[-1] != type(self.context.strategy).__name__

    def _round(self, number: int) -> Optional[str]:
        """One round's stages; why it is the last one, or None."""
        self._stage(number, 'annotate')
        if self.state.stage(number, 'train') is None and not self.context.any_left(
            self.state.labeled(until=number)
        ):
            return (
                f'round {number} cannot train: nothing of the unlabelled source is left unlabelled'
            )
        self._stage(number, 'train')
        for bootstrap in range(1, self.context.trainings + 1):
            for kind in ('label', 'train'):
                self._stage(number, bootstrap_stage(kind, bootstrap))
        self._stage(number, 'score')  # of the last round, too: what its network thinks
        reason = self._over(number)
        if reason is not None:
            return reason
        self._stage(number, 'select')
        reason = self._over(number)
        if reason is None:
            self._stage(number, 'pseudo')
        return reason

    def _stage(self, number: int, name: str) -> None:
        if self.state.stage(number, name) is not None:
            return
        say(f'round {number}: {name}')
        if get_rank() == 0 and self.state.content['finished'] is not None:
            self.state.end(None)  # its limits were raised
        start = time.monotonic()
        closes = name == 'annotate' and get_rank() == 0  # what is answered by then
        with self.context.annotator.locked() if closes else nullcontext():
            box = [stage_function(name)(self.context, number)]
            broadcast_object_list(box)
            result = dict(box[0], seconds=round(time.monotonic() - start, 1))
            note = self.state.finish if get_rank() == 0 else self.state.note
            note(number, name, result)
        barrier()

    def _over(self, number: int) -> Optional[str]:
        settings, pool = self.context.settings, self.context.pool
        done = []
        for entry in self.state.rounds[: number + 1]:
            stages = entry['stages']
            done.append(
                dict(
                    labels=stages['annotate']['labels'],
                    views=stages['annotate']['views'],
                    joints=stages['annotate']['joints'],
                    timed_views=stages['annotate'].get('timed_views', 0),
                    label_seconds=stages['annotate'].get('label_seconds', 0.0),
                    metrics=(last_training(stages) or {})['metrics'],
                    utilities=utilities_of(stages.get('select') or {}),
                )
            )
        units = pool.training.units
        if np.isin(units, self.state.labeled()).all():
            held = f', beside {len(pool.held)} that are held out for validation' * bool(pool.held)
            return f'all {len(units)} {settings.unit} are labelled{held}'
        selection = self.state.stage(number, 'select')
        if selection is not None and not selection['ids']:
            return (
                f'{selection["strategy"]} may choose none of the other '
                f'{settings.unit} (min_spacing, max_per_sequence)'
            )
        return reached(settings.limits, done)


def changed_since(cfg: Config, path: str) -> List[str]:
    """Keys in which a config is not the one of the latest start; none where that is damaged."""
    try:
        return changed_keys(Config.fromfile(path), cfg)
    except Exception:  # it is only told, and whatever a damaged file raises is no matter here
        return []


def write_config(cfg: Config, paths: Paths) -> None:
    """Write the config for the commands that go on, with its checksum; see :func:`movable`."""
    text = any_folder(Config(movable(cfg.to_dict(), paths.folder)).pretty_text)
    write_checked(paths.config, text.encode())


def utilities_of(select: dict) -> Optional[List[float]]:
    """Why the strategy chose its units; those that validate have no utility."""
    given = select.get('utilities')
    return given and given[: len(given) - select.get('validation', 0)]


@contextmanager
def only_training(paths: Paths) -> Iterator[None]:
    """Hold the folder's lock of trainings.

    Raises:
        StateError: Another training holds it, and still did after ``LOCK_PATIENCE`` seconds.
    """
    with ExitStack() as stack:
        until, waits = time.monotonic() + LOCK_PATIENCE, False
        while True:
            try:
                stack.enter_context(locked(paths.training_lock, wait=False))
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise StateError(
                        f'{paths.folder}: another training runs in this folder. Wait until it '
                        'has ended, or take another --work-dir'
                    ) from None
                if not waits:
                    say(f'another training is in {paths.folder}; waiting for it to end')
                waits = True
                time.sleep(0.2)
        yield


def last_trained(folder: str) -> Tuple[int, str]:
    """The last round of an experiment that is trained, and its checkpoint.

    Raises:
        StateError: There is no experiment in the folder, no such round, or no such file.
    """
    paths, state = Paths(folder), load_state(folder)
    if state is None:
        raise StateError(
            f'{folder}: there is no experiment here (no {osp.basename(paths.state)}). Name its '
            'folder (--work-dir), or a checkpoint'
        )
    for number in reversed(range(len(state.rounds))):
        trained = state.trained(number)
        if trained is not None:
            path = paths.absolute(trained['checkpoint'])
            fault = damage(path)
            if fault:
                fault = 'is gone' if not osp.exists(path) else fault
                raise StateError(f'{path}: the checkpoint of round {number} {fault}; name another')
            return number, path
    raise StateError(f'{folder}: no round of the experiment is trained yet')


def config_of_test(cfg: Config) -> Config:
    """The ordinary config that tests a network of an experiment.

    It tests ``load_from``; without one, the network of the last round that is trained. Where
    there is nothing to test on, what validates a round is taken.

    Args:
        cfg (Config): Of the experiment; it is not changed.

    Raises:
        StateError: There is no such network.
    """
    cfg = copy.deepcopy(cfg)
    if not cfg.get('load_from'):
        folder = osp.abspath(cfg.work_dir)
        number, cfg.load_from = last_trained(folder)
        cfg.work_dir = Paths(folder).round(number)
        say(f'tests the network of round {number}, {cfg.load_from}')
    for key in ('active_learning', 'runner_type', 'load_cfg'):
        cfg.pop(key, None)
    for key in ('train_cfg', 'train_dataloader', 'optim_wrapper', 'param_scheduler'):
        cfg[key] = None
    cfg.resume = False
    if not cfg.get('test_dataloader'):
        if not cfg.get('val_dataloader'):
            raise StateError(
                f'{cfg.get("filename") or "the config"}: names nothing to test on; write '
                'test_dataloader, test_evaluator and test_cfg'
            )
        for key in ('dataloader', 'evaluator', 'cfg'):
            cfg[f'test_{key}'] = copy.deepcopy(cfg.get(f'val_{key}'))
        cfg.test_cfg = {k: v for k, v in (cfg.test_cfg or {}).items() if k == 'fp16'}
    return cfg


@RUNNERS.register_module()
class ActiveLearningRunner:
    """``runner_type = 'ActiveLearningRunner'``: runs, continues or tests an experiment.

    Args:
        cfg (Config): See :class:`ActiveLearningExperiment`.
    """

    def __init__(self, cfg: Config):
        self.cfg = cfg

    @classmethod
    def from_cfg(cls, cfg: Config) -> 'ActiveLearningRunner':
        """As MMEngine's Runner is built."""
        return cls(cfg)

    def train(self) -> WritableState:
        """All rounds that are left."""
        try:
            experiment = ActiveLearningExperiment(self.cfg)
        except (ValueError, OSError) as error:  # of the config and its files, not of a training
            name = self.cfg.get('filename') or 'config'
            raise SystemExit(f'error: {name}: {error}') from error
        try:
            return experiment.run()
        except StateError as error:
            raise SystemExit(f'error: {error}') from error

    def test(self) -> dict:
        """The metrics of a network of the experiment, see :func:`config_of_test`."""
        return Runner.from_cfg(config_of_test(self.cfg)).test()


@LOOPS.register_module()
class ActiveLearningLoop(BaseLoop):
    """The whole experiment as a training loop, for launchers that know no runner type.

    Under MMPose's own ``tools/train.py`` the outer Runner has nothing to train; each
    round builds a Runner of its own.

    Args:
        runner (Runner): The outer one.
        dataloader (dict): Not used; rounds build their own.
        round_cfg (dict): ``train_cfg`` of a round.
    """

    iter = epoch = 0
    max_iters = max_epochs = 1
    val_interval, val_begin = 1, 1
    dynamic_intervals = None
    stop_training = False

    def __init__(
        self, runner: Runner, dataloader: Optional[dict] = None, round_cfg: Optional[dict] = None
    ):
        # Not BaseLoop's, which would build the data loader.
        self._runner = runner
        self.dataloader = None
        runner.param_schedulers = None

    def run(self) -> torch.nn.Module:
        """See :class:`ActiveLearningExperiment`."""
        cfg = copy.deepcopy(self.runner.cfg)
        cfg.work_dir = self.runner.work_dir
        ActiveLearningExperiment(cfg).run()
        return self.runner.model


def check_scored(paths: Paths, state: State, strategy: QueryStrategy) -> None:
    """Make sure that a strategy can choose from what is scored already.

    The strategy may change between two rounds. Where the pass over the pool is done and nothing is
    chosen yet, the scores are those that the strategy before wanted.

    Raises:
        StateError: It cannot.
    """
    number = len(state.rounds) - 1
    if number < 0 or not state.stage(number, 'score') or state.stage(number, 'select'):
        return
    path = paths.scores(number)
    lacking = sorted(set(strategy.statistics) - set(load_views(path)) if osp.exists(path) else ())
    if lacking:
        raise StateError(
            f'{path}: has no {", ".join(lacking)}, by which {type(strategy).__name__} chooses: '
            f'round {number} was scored for another strategy. Go on with that one until its query '
            'is out, and change the strategy then'
        )
