"""An experiment as its folder tells it: state, scores and the pool's file."""

import json
import os.path as osp
import re
from typing import Dict, List, NamedTuple, Optional

import numpy as np
from mmengine.config import Config

from ..pool import STATE_FILE, Pool, StateError, load_pool, load_state
from ..statistics import PoolStatistics, load_views

CONFIG_FILE = 'experiment_config.py'
_SEED = re.compile(r'(?:^|[-_.])s(?:eed)?[-_]?\d+$')


class Missing(Exception):
    """Something that the report would show is not there; the text says why."""


class Metric(NamedTuple):
    """What a curve shows.

    Attributes:
        name (str): As the evaluation reports it.
        lower (bool): Whether lower is better.
        unit (str): For the axis.
    """

    name: str
    lower: bool
    unit: str

    @property
    def label(self) -> str:
        return f'{self.name} [{self.unit}]' if self.unit else self.name


def main_metric(names) -> Metric:
    """The metric of the curves: MKPE, else AP, else the first PCK, else the first.

    Raises:
        Missing: There is none.
    """
    names = list(names)
    if 'multiview/MKPE' in names:
        return Metric('multiview/MKPE', True, 'mm')
    for name in ['coco/AP'] + [n for n in names if n.startswith('pck/')] + names:
        if name in names:
            return Metric(name, False, '')
    raise Missing('no round has been evaluated yet')


def plain_metrics(metrics: Dict[str, float]) -> Dict[str, float]:
    """Those with one slash in the name: no joints, cameras or single students."""
    return {
        name: value
        for name, value in metrics.items()
        if name.count('/') == 1 and not name.startswith(('student', 'mean/'))
    }


def group_name(folder: str) -> str:
    """Name of a work directory without its seed; runs that share it are one curve."""
    folder = osp.abspath(folder)
    name = _SEED.sub('', osp.basename(folder))
    return name or osp.basename(osp.dirname(folder))


class Row(NamedTuple):
    """What a round left.

    Attributes:
        round, labels (int): Number; labelled units when it was trained.
        share (float): Labelled part of the pool.
        metrics (dict): Of :func:`plain_metrics`.
        picked (list[int]): Units that it asks for, best first.
        utilities (list[float]): Why.
        strategy (str): That picked them; '' where nothing was picked.
        pseudo (dict): What self-training chose.
    """

    round: int
    labels: int
    share: float
    metrics: Dict[str, float]
    picked: List[int]
    utilities: List[float]
    strategy: str
    pseudo: dict


class Experiment:
    """Reads what there is.

    Args:
        folder (str): Of the experiment.

    Raises:
        StateError: The folder holds no state, or a broken one.
    """

    def __init__(self, folder: str):
        state = load_state(folder)
        if state is None:
            raise StateError(
                f'{folder} holds no {STATE_FILE}: it is no work directory '
                'of an active-learning experiment'
            )
        self.folder, self.state = osp.abspath(folder), state
        self.name = osp.basename(self.folder)
        if _SEED.sub('', self.name) == '':
            self.name = f'{osp.basename(osp.dirname(self.folder))}-{self.name}'
        self.group = group_name(folder)
        self.config = self._config()
        self.rows = [row for row in map(self._row, state.rounds) if row is not None]
        self._pool: Optional[Pool] = None
        self._statistics: Dict[int, PoolStatistics] = {}

    def _config(self) -> Optional[Config]:
        try:
            return Config.fromfile(osp.join(self.folder, CONFIG_FILE))
        except Exception:  # the report does without
            return None

    def setting(self, path: str, default=None):
        """A value of the config by its dotted path."""
        value = self.config
        for key in path.split('.'):
            if not isinstance(value, dict) and not hasattr(value, 'get'):
                return default
            value = value.get(key)
        return default if value is None else value

    def _row(self, entry: dict) -> Optional[Row]:
        stages = entry['stages']
        if 'annotate' not in stages:
            return None
        labels = stages['annotate']['labels']
        select = stages.get('select') or {}
        return Row(
            entry['round'],
            labels,
            labels / self.state.content['pool']['units'],
            plain_metrics((stages.get('train') or {}).get('metrics') or {}),
            select.get('ids') or [],
            select.get('utilities') or [],
            select.get('strategy') or '',
            stages.get('pseudo') or {},
        )

    @property
    def unit(self) -> str:
        return self.state.content['unit']

    @property
    def metric(self) -> Metric:
        return main_metric(name for row in self.rows for name in row.metrics)

    def curve(self, name: str) -> List[tuple]:
        """(labels, share, value) of the rounds that report a metric."""
        return [
            (row.labels, row.share, row.metrics[name])
            for row in self.rows
            if np.isfinite(row.metrics.get(name, np.nan))
        ]

    @property
    def pool(self) -> Pool:
        """The pool's file.

        Raises:
            Missing: It is gone, broken or another one.
        """
        if self._pool is None:
            known = self.state.content['pool']
            source = 'train_dataloader.dataset.labeled.'
            try:
                pool = load_pool(
                    known['file'],
                    self.unit,
                    on_bad=self.setting(source + 'on_bad', 'raise'),
                    cameras=self.setting(source + 'cameras'),
                    subjects=self.setting(source + 'subjects'),
                )
            except (OSError, ValueError) as error:
                raise Missing(f"the pool's file cannot be read: {error}") from error
            if pool.sha256 != known['sha256']:
                raise Missing(f"the pool's file {known['file']} has changed since")
            self._pool = pool
        return self._pool

    def scored(self) -> List[int]:
        """Rounds with a score file."""
        return [row.round for row in self.rows if osp.exists(self._score_file(row.round))]

    def _score_file(self, round: int) -> str:
        stage = self.state.stage(round, 'score') or {}
        return osp.join(self.folder, stage.get('file') or f'round_{round:02d}/scores.npz')

    def statistics(self, round: int) -> PoolStatistics:
        """The pool as a round's strategy saw it.

        Raises:
            Missing: The round has not been scored, or its file is broken.
        """
        if round not in self._statistics:
            path = self._score_file(round)
            if not osp.exists(path):
                raise Missing(f'round {round} has no scores.npz')
            try:
                views = load_views(path)
            except ValueError as error:
                raise Missing(str(error)) from error
            units = np.unique(views.unit)
            self._statistics[round] = PoolStatistics(
                views,
                units,
                np.isin(units, self.state.labeled(until=round)),
                seed=self.state.content['seed'],
                round=round,
                threshold=self.setting('active_learning.threshold', 20.0),
            )
        return self._statistics[round]

    def forget(self) -> None:
        """Let go of the score files."""
        self._statistics.clear()

    def image_file(self, name: str) -> Optional[str]:
        """Where an image of the pool lies; None where it cannot be found."""
        folders = [osp.dirname(self.state.content['pool']['file'])]
        folders.append(osp.join(folders[0], 'images'))
        source = 'train_dataloader.dataset.labeled.'
        prefix = self.setting(source + 'data_prefix.img', '')
        folders.insert(0, osp.join(self.setting(source + 'data_root', ''), prefix))
        folders.insert(1, osp.join(folders[1], prefix))
        for folder in folders:
            path = osp.join(folder, name)
            if osp.isfile(path):
                return path
        return None

    def root(self) -> List[int]:
        """Joints whose mean is the root of poses: the strategy's, or the hips."""
        given = self.setting('active_learning.strategy.root')
        if given is not None:
            return [given] if isinstance(given, int) else list(given)
        names = [str(n).lower() for n in self.joints()]
        hips = [i for i, n in enumerate(names) if n in ('left_hip', 'right_hip')]
        return hips or [0]

    def joints(self) -> List[str]:
        """Names."""
        return list(self._category().get('keypoints') or [])

    def skeleton(self) -> List[tuple]:
        """Pairs of joint indices; COCO counts from 1."""
        pairs = self._category().get('skeleton') or []
        return [(a - 1, b - 1) for a, b in pairs]

    def _category(self) -> dict:
        return next(iter(self.pool.data['categories']), {})


def full_supervision(path: str, metric: Metric) -> float:
    """The metric of a fully supervised run.

    Args:
        path (str): Its work directory (the last evaluation counts), or a JSON file with
            the metric's name, at the top or under ``metrics``, and a number or a list.
        metric (Metric): Which.

    Raises:
        Missing: It is not there.
    """
    try:
        if osp.isdir(path):
            from ...visualization import read_scalars

            values = list(read_scalars(path).get(metric.name, {}).values())[-1:]
        else:
            with open(path, encoding='utf-8') as file:
                content = json.load(file)
            values = content.get('metrics', content).get(metric.name)
            values = values if isinstance(values, list) else [values]
        values = [float(v) for v in values]
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise Missing(f'{path} tells no {metric.name}: {error}') from error
    if not values or not np.isfinite(values).all():
        raise Missing(f'{path} tells no {metric.name}')
    return float(np.mean(values))
