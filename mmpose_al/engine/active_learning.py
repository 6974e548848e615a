"""An active-learning experiment: rounds of ordinary runs, and what lies between them.

``annotate`` (a query becomes labels) -> ``train`` (an ordinary Runner in
``round_XX/``, and its evaluation) -> ``score`` (one pass over the pool) -> ``select``
(the next query) -> ``pseudo`` (self-training), and again. After each stage the state is
on disk (:mod:`mmpose_al.active_learning.pool`), and every stage is a function of what
is there, so an experiment that is killed anywhere ends like one that was not.
"""

import copy
import hashlib
import os
import os.path as osp
import time
from contextlib import nullcontext
from typing import List, Optional

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.device import get_device
from mmengine.dist import (
    all_gather_object,
    barrier,
    broadcast_object_list,
    get_rank,
    init_dist,
    is_distributed,
)
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from mmengine.runner import BaseLoop, Runner
from mmengine.runner.checkpoint import find_latest_checkpoint, load_checkpoint
from mmpose.registry import DATASETS, LOOPS, MODELS, RUNNERS

from ..active_learning.annotators import AnswersPending
from ..active_learning.pool import (
    Pool,
    State,
    StateError,
    check_pool,
    check_state,
    load_pool,
    load_state,
    new_state,
    write_pseudo,
    write_split,
)
from ..active_learning.registry import ANNOTATORS, QUERY_STRATEGIES
from ..active_learning.scoring import check_model, score_pool
from ..active_learning.self_training import (
    Candidates,
    candidates,
    check_rules,
    choose_pseudo,
    pseudo_annotations,
    pseudo_error,
)
from ..active_learning.statistics import (
    PoolStatistics,
    concatenate,
    load_views,
    save_views,
    sort_views,
)
from ..active_learning.stopping import reached
from ..datasets.checks import instance_ids
from ..datasets.splits import instance_units

EXIT_PENDING = 3  # exit status: a query waits for its answers
LABELS, TAKEN = 'labels.json', 'taken.json'  # split files of a round
STARTS = ('scratch', 'last', 'load_from')
# What may change between two starts of one experiment.
FREE_KEYS = ('work_dir', 'launcher', 'resume', 'log_level', 'model_wrapper_cfg')
FREE_ANNOTATOR_KEYS = ('image_root', 'images', 'formats')
CONFIG_FILE = 'experiment_config.py'
DEFAULTS = dict(
    unit='frames',
    initial=None,
    budget=None,
    strategy=None,
    annotator=dict(type='GroundTruthAnnotator'),
    self_training=None,
    start='scratch',
    limits=dict(),
    pool=dict(),
    threshold=20.0,
)
SELF_TRAINING = dict(schedule='alternate', min_views=None)


class ActiveLearningExperiment:
    """Runs, or continues, the experiment that a config describes.

    Args:
        cfg (Config): With an ``active_learning`` section and
            ``train_cfg = dict(type='ActiveLearningLoop', round_cfg=...)``.

    The section's keys:

    - ``unit``: what is labelled at once, ``'frames'``, ``'images'``, ``'instances'``;
    - ``initial``, ``budget``: units labelled before the first round and after each;
    - ``strategy``: config of a query strategy;
    - ``annotator``: ``GroundTruthAnnotator`` by default;
    - ``self_training``: None, or dict(num=M, schedule='alternate', min_views=None),
      see :mod:`mmpose_al.active_learning.self_training`;
    - ``start``: a round's weights: ``'scratch'``, ``'last'`` round's, ``'load_from'``;
    - ``limits``: when to stop, see :func:`~mmpose_al.active_learning.stopping.reached`;
    - ``pool``: changes to the data set that is scored (by default the labelled source
      with the validation pipeline);
    - ``threshold``: of the triangulation, pixels.

    Raises:
        ValueError: The config lacks something; it says what.
    """

    def __init__(self, cfg: Config):
        self.cfg = cfg
        init_default_scope(cfg.get('default_scope', 'mmpose'))
        self.settings = self._settings(cfg)
        self.work_dir = osp.abspath(cfg.work_dir)
        self.seed = int((cfg.get('randomness') or {}).get('seed') or 0)
        if cfg.get('launcher', 'none') != 'none' and not is_distributed():
            init_dist(
                cfg.launcher, **(cfg.get('env_cfg') or {}).get('dist_cfg', dict(backend='nccl'))
            )
        self.strategy = QUERY_STRATEGIES.build(self.settings.strategy)
        self.annotator = ANNOTATORS.build(self.settings.annotator)
        self.pool = self._load_pool()
        triangulates = self.settings.self_training is not None
        check_pool(self.pool, [*self.strategy.needs, *['cameras'] * triangulates])
        if getattr(self.annotator, 'image_root', '') is None:
            source = self._source()
            self.annotator.image_root = osp.join(
                source.get('data_root') or '', (source.get('data_prefix') or {}).get('img') or ''
            )
        self.annotator.open(self.work_dir, self.pool)
        self._unlabeled: Optional[set] = None  # units of the unlabelled source
        self.state = self._load_state()
        self.began = time.time()

    # ---- set-up --------------------------------------------------------------

    @staticmethod
    def _settings(cfg: Config) -> ConfigDict:
        section = dict(cfg.get('active_learning') or {})
        unknown = sorted(set(section) - set(DEFAULTS))
        if unknown:
            raise ValueError(
                f'active_learning: unknown keys {unknown}; there are {", ".join(DEFAULTS)}'
            )
        settings = ConfigDict(copy.deepcopy(DEFAULTS), **section)
        for key in ('initial', 'budget', 'strategy'):
            if settings[key] is None:
                raise ValueError(f'active_learning.{key} is missing')
        for key in ('initial', 'budget'):
            if type(settings[key]) is not int or settings[key] < 1:
                raise ValueError(
                    f'active_learning.{key} is {settings[key]!r}; write a '
                    'whole number of units, at least 1'
                )
        threshold = settings.threshold
        if type(threshold) not in (int, float) or not threshold > 0:
            raise ValueError(f'active_learning.threshold is {threshold!r}; write pixels, above 0')
        if settings.start not in STARTS:
            raise ValueError(f'active_learning.start is one of {STARTS}; got {settings.start!r}')
        if settings.start == 'load_from' and not cfg.get('load_from'):
            raise ValueError("active_learning.start='load_from' needs load_from")
        train = cfg.get('train_cfg') or {}
        if train.get('type') != 'ActiveLearningLoop' or not train.get('round_cfg'):
            raise ValueError(
                "an experiment needs train_cfg = dict(type='ActiveLearningLoop', "
                "round_cfg=dict(type='IterBasedTrainLoop', max_iters=...)): the "
                'schedule of a round'
            )
        data = cfg.train_dataloader.dataset
        if data.get('type') != 'LabeledUnlabeledDataset' or not isinstance(
            data.get('labeled'), dict
        ):
            raise ValueError(
                'train_dataloader.dataset must be a LabeledUnlabeledDataset with one '
                'labelled source, the pool; each round says which of it is labelled'
            )
        if not isinstance(data.get('unlabeled') or {}, dict):
            raise ValueError(
                'train_dataloader.dataset.unlabeled of an experiment is one source, '
                'dict(...), or None; each round says which of it is not labelled'
            )
        missing = [
            key for key in ('val_dataloader', 'val_cfg', 'val_evaluator') if cfg.get(key) is None
        ]
        if missing:
            raise ValueError(
                f'an experiment evaluates each round, but {", ".join(missing)} is '
                'missing; write it, and leave --no-validate out'
            )
        if settings.self_training is not None:
            rules = dict(SELF_TRAINING, **settings.self_training)
            unknown = sorted(set(rules) - {'num', *SELF_TRAINING})
            if unknown:
                raise ValueError(
                    f'active_learning.self_training: unknown keys {unknown}; there are '
                    f'num, {", ".join(SELF_TRAINING)}'
                )
            settings.self_training = ConfigDict(rules)
            if settings.unit != 'frames' or 'num' not in settings.self_training:
                raise ValueError(
                    'active_learning.self_training = dict(num=M) labels '
                    "frames of a rig; it needs unit='frames'"
                )
            check_rules(**settings.self_training)
        reached(settings.limits, [])
        return settings

    def _source(self) -> ConfigDict:
        """The labelled source without any choice of labels."""
        source = copy.deepcopy(self.cfg.train_dataloader.dataset.labeled)
        for key in ('labels', 'ids_file', 'subset'):
            source.pop(key, None)
        return source

    def _load_pool(self) -> Pool:
        source = self._source()
        path = osp.abspath(osp.join(source.get('data_root') or '', source.ann_file))
        labelable = getattr(self.annotator, 'labelable', None)
        return load_pool(
            path,
            self.settings.unit,
            labelable,
            source.get('on_bad', 'raise'),
            cameras=source.get('cameras'),
            subjects=source.get('subjects'),
        )

    def _load_state(self) -> State:
        """As rank 0 finds it: to a rank that starts late a new one would look old."""
        box = [None, None]  # what the state holds, or what is wrong with it
        if get_rank() == 0:
            try:
                box[0] = self._open_state().content
            except (OSError, ValueError) as error:  # the other ranks wait
                box[1] = str(error)
        broadcast_object_list(box)
        content, fault = box
        if fault is not None:
            raise StateError(fault)
        return State(self.work_dir, content)

    def _open_state(self) -> State:
        """The state on disk, or a new one, written.

        Until a stage is finished the config may change, as an error may have said.
        """
        digest = experiment_digest(self.cfg)
        state = load_state(self.work_dir)
        if state is None:
            state = new_state(self.work_dir, self.pool, digest, self.seed)
        known = state.content['config_digest']
        if not state.rounds or known == experiment_digest(self.cfg, annotator=()):
            state.content['config_digest'] = digest
        check_state(state, self.pool, digest, self.seed)
        self._write_config()
        state.write()
        return state

    def _write_config(self) -> None:
        """For the commands that go on: the config of the latest start."""
        path = osp.join(self.work_dir, CONFIG_FILE)
        os.makedirs(self.work_dir, exist_ok=True)
        temporary = f'{path}.{os.getpid()}.tmp'
        with open(temporary, 'w', encoding='utf-8') as file:
            file.write(self.cfg.pretty_text)
        os.replace(temporary, path)

    # ---- the rounds ----------------------------------------------------------

    def run(self) -> State:
        """All rounds that are left.

        Raises:
            SystemExit: With status 3, when a query waits for its answers.
            ValueError: The model cannot score a pool as the strategy needs it.
        """
        if self.state.stage(0, 'train') is None:  # before people are asked
            check_model(MODELS.build(copy.deepcopy(self.cfg.model)), self.strategy)
        number = max(len(self.state.rounds) - 1, 0)
        while True:
            reason = self._round(number)
            if reason is not None:
                self.say(
                    f'finished: {reason}; {len(self.state.labeled())} {self.settings.unit} labelled'
                )
                if get_rank() == 0:
                    self.state.content['finished'] = reason
                    self.state.write()
                barrier()
                return self.state
            number += 1

    def _round(self, number: int) -> Optional[str]:
        """One round's stages; why it is the last one, or None."""
        self._stage(number, 'annotate')
        if self.state.stage(number, 'train') is None and not self._rest(
            self.state.labeled(until=number)
        ):
            return (
                f'round {number} cannot train: nothing of the unlabelled source is left unlabelled'
            )
        self._stage(number, 'train')
        reason = self._over(number)
        if reason is not None:
            return reason
        for name in ('score', 'select'):
            self._stage(number, name)
        reason = self._over(number)
        if reason is None:
            self._stage(number, 'pseudo')
        return reason

    def _stage(self, number: int, name: str) -> None:
        if self.state.stage(number, name) is not None:
            return
        self.say(f'round {number}: {name}')
        if get_rank() == 0 and self.state.content['finished'] is not None:
            self.state.content['finished'] = None  # its limits were raised
            self.state.write()
        start = time.time()
        closes = name == 'annotate' and get_rank() == 0  # what is answered by then
        with self.annotator.locked() if closes else nullcontext():
            result = getattr(self, f'_{name}')(number)
            box = [result]
            broadcast_object_list(box)
            result = dict(box[0], seconds=round(time.time() - start, 1))
            if get_rank() == 0:
                self.state.finish(number, name, result)
            else:
                while len(self.state.rounds) <= number:
                    self.state.rounds.append(dict(round=len(self.state.rounds), stages={}))
                self.state.rounds[number]['stages'][name] = result
        barrier()

    def _over(self, number: int) -> Optional[str]:
        done = []
        for entry in self.state.rounds[: number + 1]:
            stages = entry['stages']
            done.append(
                dict(
                    labels=stages['annotate']['labels'],
                    views=stages['annotate']['views'],
                    joints=stages['annotate']['joints'],
                    metrics=stages['train']['metrics'],
                    utilities=stages.get('select', {}).get('utilities'),
                )
            )
        if len(self.state.labeled()) >= len(self.pool.units):
            return f'all {len(self.pool.units)} {self.settings.unit} are labelled'
        selection = self.state.stage(number, 'select')
        if selection is not None and not selection['ids']:
            return (
                f'{selection["strategy"]} may choose none of the other '
                f'{self.settings.unit} (min_spacing, max_per_sequence)'
            )
        return reached(self.settings.limits, done)

    def say(self, text: str) -> None:
        """A line for the user, from rank 0."""
        if get_rank() == 0:
            print_log(f'active learning: {text}', 'current')

    def folder(self, number: int) -> str:
        """Of a round: an ordinary MMEngine work directory."""
        return osp.join(self.work_dir, f'round_{number:02d}')

    # ---- annotate ------------------------------------------------------------

    def _annotate(self, number: int) -> dict:
        if number == 0:
            units = self.pool.initial(self.settings.initial, self.seed)
            utilities = [0.0] * len(units)
            views = None
        else:
            chosen = self.state.stage(number - 1, 'select')
            units, utilities = chosen['ids'], chosen['utilities']
            views = load_views(self._score_file(number - 1))
        box = [None, None]  # answers, or why there are none
        if get_rank() == 0:
            try:
                self.annotator.ask(number, units, utilities, views)
                box[0] = self.annotator.answers(number)
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
        # Killed after the labels were noted: the note stands.
        noted = [e for e in self.state.content['labeled'] if e['round'] == number]
        if not noted:
            self.state.add_labels(number, answered, type(self.annotator).__name__)
        labeled = self.state.labeled()
        cost = self.annotator.cost() or self._cost(labeled)
        return dict(
            asked=len(units),
            answered=len(answered),
            labels=len(labeled),
            views=cost['views'],
            joints=cost['joints'],
        )

    def _cost(self, labeled: List[int]) -> dict:
        """Labelled views and joints, counted from the pool's file."""
        unit_of = instance_units(self.pool.data, self.pool.unit)
        known = set(labeled)
        views = joints = 0
        for annotation in self.pool.data['annotations']:
            if annotation['id'] in self.pool.persons and unit_of[annotation['id']] in known:
                seen = sum(v > 0 for v in (annotation.get('keypoints') or [])[2::3])
                views += seen > 0
                joints += seen
        return dict(views=int(views), joints=int(joints))

    # ---- train ---------------------------------------------------------------

    def round_config(self, number: int) -> Config:
        """The ordinary config of a round: its data is what is labelled by then."""
        cfg = copy.deepcopy(self.cfg)
        for key in ('active_learning', 'runner_type'):
            cfg.pop(key, None)
        cfg.train_cfg = cfg.train_cfg.round_cfg
        cfg.work_dir = self.folder(number)
        name = osp.basename(self.work_dir.rstrip('/'))
        mark = hashlib.sha256(self.work_dir.encode()).hexdigest()[:8]
        cfg.experiment_name = f'{name}_round{number:02d}_{mark}'
        if cfg.get('visualizer'):
            cfg.visualizer.name = f'visualizer_{cfg.experiment_name}'
        cfg.resume = _begun(cfg.work_dir)
        # MMEngine would resume from load_from rather than from the work directory.
        if cfg.resume or self.settings.start != 'load_from':
            cfg.load_from = None
        if self.settings.start == 'last' and number > 0 and not cfg.resume:
            cfg.load_from = osp.join(
                self.work_dir, self.state.stage(number - 1, 'train')['checkpoint']
            )
        split = osp.join(self.folder(number), LABELS)
        data = cfg.train_dataloader.dataset
        labeled = self._source()
        labeled.update(ids_file=split, subset='labeled')
        own_file = osp.abspath(self.annotator.labels_file)
        if own_file != self.pool.path:
            labeled.update(ann_file=own_file, check_split=False)
        sources = [labeled]
        pseudo = self._pseudo_file(number)
        if pseudo is not None:
            sources.append(ConfigDict(self._source(), ann_file=pseudo))
        data.labeled = sources
        if data.get('unlabeled'):
            data.unlabeled.pop('labels', None)
            data.unlabeled.update(ids_file=osp.join(self.folder(number), TAKEN), subset='unlabeled')
            if pseudo is not None and set(self._pseudo_stage(number)['ids']) - set(
                self._taken(number)
            ):
                data.allow_overlap = True
        return cfg

    def _rest(self, taken: List[int]) -> bool:
        """Whether an unlabelled source, if there is one, has a person beyond units."""
        source = self.cfg.train_dataloader.dataset.get('unlabeled')
        if not source:
            return True
        if self._unlabeled is None:
            source = copy.deepcopy(source)
            for key in ('labels', 'ids_file', 'subset'):
                source.pop(key, None)
            unit_of = instance_units(self.pool.data, self.pool.unit)
            self._unlabeled = {
                unit_of.get(i) for i in instance_ids(DATASETS.build(source)).tolist()
            }
        return not self._unlabeled <= set(taken)

    def _taken(self, number: int) -> List[int]:
        """Units that a round's unlabelled source leaves out.

        The pseudo-labelled ones stay where it would have no other.
        """
        labeled = self.state.labeled(until=number)
        both = labeled + self._pseudo_stage(number).get('ids', [])
        return both if self._rest(both) else labeled

    def _pseudo_stage(self, number: int) -> dict:
        """What the round before chose to pseudo-label in this one."""
        return (self.state.stage(number - 1, 'pseudo') or {}) if number > 0 else {}

    def _pseudo_file(self, number: int) -> Optional[str]:
        stage = self._pseudo_stage(number)
        if not stage.get('annotations'):
            return None
        return osp.join(self.work_dir, stage['file'])

    def _train(self, number: int) -> dict:
        if get_rank() == 0:
            write_split(
                self.pool, self.state.labeled(until=number), osp.join(self.folder(number), LABELS)
            )
            write_split(self.pool, self._taken(number), osp.join(self.folder(number), TAKEN))
        barrier()
        runner = Runner.from_cfg(self.round_config(number))
        last = _LastEvaluation()
        runner.register_hook(last)
        runner.train()
        found = last.metrics if last.iter == runner.iter else runner.val_loop.run()
        metrics = {k: float(v) for k, v in found.items() if np.isscalar(v)}
        with open(osp.join(self.folder(number), 'last_checkpoint')) as file:
            checkpoint = osp.relpath(file.read().strip(), self.work_dir)
        self.say(
            f'round {number}: '
            + ', '.join(
                f'{k} {v:.4g}'
                for k, v in metrics.items()
                if k.count('/') == 1 and not k.startswith(('student', 'mean/'))
            )
        )
        return dict(checkpoint=checkpoint, steps=runner.iter, metrics=metrics)

    # ---- score ---------------------------------------------------------------

    def _score_file(self, number: int) -> str:
        return osp.join(self.folder(number), 'scores.npz')

    def _score(self, number: int) -> dict:
        cfg = self.cfg
        device = get_device()
        model = MODELS.build(copy.deepcopy(cfg.model))
        load_checkpoint(
            model,
            osp.join(self.work_dir, self.state.stage(number, 'train')['checkpoint']),
            map_location='cpu',
            strict=True,
            logger='silent',
        )
        model.to(device)
        loader_cfg = copy.deepcopy(cfg.get('val_dataloader') or cfg.test_dataloader)
        dataset = self._source()
        dataset.update(pipeline=loader_cfg.dataset.pipeline, test_mode=True, need_keypoints=False)
        dataset.update(self.settings.pool)
        loader_cfg.dataset = DATASETS.build(dataset)
        loader_cfg.sampler = dict(type='DefaultSampler', shuffle=False, round_up=False)
        loader = Runner.build_dataloader(loader_cfg, seed=self.seed)
        views = score_pool(
            model,
            loader,
            self.settings.unit,
            self.strategy.needs,
            _Progress(self, len(loader_cfg.dataset), number),
        )
        parts = all_gather_object(views)
        if get_rank() == 0:
            together = sort_views(concatenate(parts))
            together = together.select(np.isin(together.unit, self.pool.units))
            save_views(together, self._score_file(number))
        barrier()
        return dict(
            file=osp.relpath(self._score_file(number), self.work_dir), views=sum(map(len, parts))
        )

    def statistics(self, number: int) -> PoolStatistics:
        """The pool as the strategy sees it after a round's scoring."""
        labeled = np.isin(self.pool.units, self.state.labeled(until=number))
        return PoolStatistics(
            load_views(self._score_file(number)),
            self.pool.units,
            labeled,
            self.pool.sequences,
            self.pool.times,
            self.seed,
            number,
            self.settings.threshold,
        )

    # ---- select and self-train -------------------------------------------------

    def _select(self, number: int) -> dict:
        if get_rank() != 0:
            return {}
        selection = self.strategy.select(self.statistics(number), self.settings.budget)
        return dict(
            strategy=type(self.strategy).__name__,
            ids=selection.ids,
            utilities=[u if np.isfinite(u) else 1e300 for u in selection.utilities],
        )

    def _pseudo(self, number: int) -> dict:
        rules = self.settings.self_training
        if rules is None or get_rank() != 0:
            return {}
        pool = self.statistics(number)
        found = candidates(pool, self.pool.rig(), rules.min_views)
        picked = set(self.state.stage(number, 'select')['ids'])
        kept = [(i, e) for i, e in zip(*found) if i not in picked]
        found = Candidates([i for i, _ in kept], [e for _, e in kept])
        before = self._pseudo_stage(number).get('ids', [])
        before = [i for i in before if i not in picked]
        units = choose_pseudo(found, rules.num, before, rules.schedule)
        sizes = {i['id']: (i['width'], i['height']) for i in self.pool.data['images']}
        path = osp.join(self.folder(number + 1), 'pseudo.json')
        count = write_pseudo(self.pool, pseudo_annotations(pool, units, sizes), path)
        return dict(
            ids=units,
            candidates=len(found.ids),
            annotations=count,
            file=osp.relpath(path, self.work_dir),
            mkpe=_finite(pseudo_error(pool, units, self.pool.truth())),
        )


def experiment_digest(cfg: Config, without=(), annotator=FREE_ANNOTATOR_KEYS) -> str:
    """Of the config without what may change between two starts.

    Args:
        cfg (Config): Of an experiment.
        without (Sequence[str]): Keys of ``active_learning`` to leave out as well.
        annotator (Sequence[str]): Keys of its annotator to leave out; none of them
            were, once.

    Returns:
        str: 16 hexadecimal digits.
    """
    plain = copy.deepcopy(cfg.to_dict() if hasattr(cfg, 'to_dict') else dict(cfg))
    for key in FREE_KEYS:
        plain.pop(key, None)
    for key in ('limits', *without):
        plain['active_learning'].pop(key, None)
    for key in annotator:
        (plain['active_learning'].get('annotator') or {}).pop(key, None)
    return hashlib.sha256(repr(_ordered(plain)).encode()).hexdigest()[:16]


def _ordered(value):
    """A config's value without the order of keys, and a tuple as a list."""
    if isinstance(value, dict):
        return sorted((repr(key), _ordered(each)) for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return [_ordered(each) for each in value]
    return repr(value)


def _begun(folder: str) -> bool:
    """Whether a run in a work directory left a checkpoint to go on from."""
    checkpoint = find_latest_checkpoint(folder)
    return checkpoint is not None and osp.isfile(checkpoint)


def _finite(value: float) -> Optional[float]:
    return value if np.isfinite(value) else None


class _LastEvaluation(Hook):
    """Keeps what the last evaluation of a training found, and after how many steps."""

    iter, metrics = -1, None

    def after_val_epoch(self, runner, metrics=None) -> None:
        self.iter, self.metrics = runner.iter, dict(metrics or {})


class _Progress:
    """Says every half minute how far the pass over the pool is."""

    def __init__(self, experiment: ActiveLearningExperiment, total: int, number: int):
        world = torch.distributed.get_world_size() if is_distributed() else 1
        self.experiment, self.number = experiment, number
        self.total = -(-total // world)
        self.done, self.start = 0, time.time()
        self.said = self.start

    def __call__(self, views: int) -> None:
        self.done += views
        now = time.time()
        if now - self.said >= 30:
            self.said = now
            left = (now - self.start) / self.done * (self.total - self.done)
            self.experiment.say(
                f'round {self.number}: score: {self.done} of {self.total} views, {left:.0f} s left'
            )


@RUNNERS.register_module()
class ActiveLearningRunner:
    """``runner_type = 'ActiveLearningRunner'``: runs or continues an experiment.

    Args:
        cfg (Config): See :class:`ActiveLearningExperiment`.
    """

    def __init__(self, cfg: Config):
        self.cfg = cfg

    @classmethod
    def from_cfg(cls, cfg: Config) -> 'ActiveLearningRunner':
        """As MMEngine's Runner is built."""
        return cls(cfg)

    def train(self) -> State:
        """All rounds that are left."""
        try:
            return ActiveLearningExperiment(self.cfg).run()
        except StateError as error:
            raise SystemExit(f'error: {error}') from error


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

    def __init__(self, runner: Runner, dataloader=None, round_cfg=None):
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
