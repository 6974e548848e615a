"""An experiment's folder as data, to be read. Nothing here writes, locks or builds a model.

Whatever asks (``status``, ``query``, ``replay``, ``report``, the benchmarks) reads an
experiment through :class:`Experiment`; a training may go on in the folder meanwhile. Only the
runner and ``ingest`` write.

The state and the queries are read with NumPy alone. The config needs MMEngine, and statistics
need PyTorch; both are imported where they are asked for.
"""

import os.path as osp
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from ..fileio import check_checksum
from ..metric_direction import lower_is_better
from ..registration import import_custom_modules
from .answers.kept import load_answers, merged
from .held_out import hold_out, validation_asked
from .paths import Paths, experiments_below
from .pool import Pool, load_pool
from .query import Query, load_query, train_command
from .settings import TRIANGULATION, Settings, pool_source, read_settings, starts_labeled
from .stage_names import bootstraps, last_training, trainings
from .state import StateError, load_state

if TYPE_CHECKING:
    from .answers.label_warnings import LabelWarning
    from .statistics import PoolStatistics, ViewStatistics

#: Exit status of a training and of ``status``: a query waits for its answers.
EXIT_PENDING = 3


class Missing(ValueError):
    """Something of an experiment is not there or cannot be used; the text says why."""


class NoConfig(Missing):
    """An experiment has no config beside it."""


class Experiment:
    """What the folder of an experiment tells.

    The state is read once, when this is built: later stages are not seen. The rest is read
    when it is asked for.

    Args:
        folder (str): Of the experiment.

    Attributes:
        paths (Paths): Where everything lies.
        state (State): What was done.

    Raises:
        StateError: The folder holds no state, or a broken one.
    """

    def __init__(self, folder: str):
        self.paths = Paths(osp.abspath(folder))
        state = load_state(self.paths.folder)
        if state is None:
            below = ' or '.join(experiments_below(folder))
            raise StateError(
                f'{folder}: no experiment, it holds no {osp.basename(self.paths.state)}. Give '
                f'{below or "the work directory of an active-learning experiment"}'
            )
        self.state = state
        self._config: Any = None
        self._pool: Optional[Pool] = None

    @property
    def folder(self) -> str:
        return self.paths.folder

    # ---- what the state tells ----------------------------------------------------------

    @property
    def unit(self) -> str:
        """What is labelled at once: frames, images or instances."""
        return self.state.content['unit']

    @property
    def seed(self) -> int:
        """Of the experiment."""
        return self.state.content['seed']

    @property
    def units(self) -> int:
        """How many units the pool has."""
        return self.state.content['pool']['units']

    @property
    def finished(self) -> Optional[str]:
        """Why the experiment is over; None while it is not."""
        return self.state.content['finished']

    @property
    def rows(self) -> List['Row']:
        """Rounds whose labels are there."""
        found = (self._row(entry) for entry in self.state.rounds)
        return [row for row in found if row is not None]

    def _row(self, entry: dict) -> Optional['Row']:
        stages = entry['stages']
        if 'annotate' not in stages:
            return None
        labels = stages['annotate']['labels']
        select = stages.get('select') or {}
        chosen = len(select.get('ids') or []) - select.get('validation', 0)
        return Row(
            entry['round'],
            labels,
            labels / self.units,
            stages['annotate'].get('validation'),
            metrics_of(stages),
            (select.get('ids') or [])[:chosen],
            (select.get('utilities') or [])[:chosen],
            select.get('strategy') or '',
            stages.get('pseudo') or {},
            bootstraps(stages),
            [plain_metrics(each.get('metrics') or {}) for each in trainings(stages)],
        )

    # ---- what the config tells -----------------------------------------------------------

    @property
    def config(self) -> Any:
        """The config of the latest start, an MMEngine Config.

        Raises:
            NoConfig: It is not there.
            Missing: It cannot be read, or is not what was written.
        """
        if self._config is None:
            path = self.paths.config
            if not osp.exists(path):
                raise NoConfig(
                    f'{self.folder}: {osp.basename(path)} is not there. The training that began '
                    'the experiment wrote it; put it back, or start the training again'
                )
            from mmengine.config import Config

            try:
                check_checksum(path)
                config = Config.fromfile(path, import_custom_modules=False)
                import_custom_modules(config)
            except Exception as error:  # it is Python, and may import what is not there
                told = str(error).replace(f'{path}: ', '')
                raise Missing(f'{path} cannot be read: {told}') from error
            self._config = config
        return self._config

    @property
    def settings(self) -> Settings:
        """The ``active_learning`` section, checked.

        Raises:
            Missing: There is no config.
            ValueError: The config is that of no experiment.
        """
        return read_settings(self.config)

    def setting(self, path: str, default: Any = None) -> Any:
        """A value of the config by its dotted path; the default where there is no config.

        Raises:
            Missing: There is one, and it cannot be read.
        """
        try:
            value = self.config
        except NoConfig:
            return default
        for key in path.split('.'):
            if not hasattr(value, 'get'):
                return default
            value = value.get(key)
        return default if value is None else value

    def utility_text(self, strategy: str, utility: float) -> str:
        """A utility as people are told it, in pixels or millimetres where it is a length.

        Args:
            strategy (str): The class that gave it, as the state notes it.
            utility (float): As the state notes it.
        """
        from .registry import QUERY_STRATEGIES
        from .strategies import QueryStrategy

        config = self.setting('active_learning.strategy', {})
        if config.get('type') != strategy:
            return QueryStrategy().shown(utility)
        return QUERY_STRATEGIES.build(config).shown(utility)

    # ---- the pool, and what models said about it --------------------------------------------

    @property
    def pool(self) -> Pool:
        """The pool as the runner reads it; without a config, all of the file.

        Raises:
            Missing: The file is gone, broken or another one, or the config cannot be read.
        """
        if self._pool is None:
            known = self.state.content['pool']
            try:
                pool = self._read_pool(known['file'])
            except Missing:
                raise
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise Missing(f"the pool's file cannot be read: {error}") from error
            if pool.sha256 != known['sha256']:
                raise Missing(f"the pool's file {known['file']} has changed since")
            self._pool = pool
        return self._pool

    def _read_pool(self, path: str) -> Pool:
        try:
            config = self.config
        except NoConfig:
            return load_pool(path, self.unit)
        from .registry import ANNOTATORS

        settings = read_settings(config)
        annotator = ANNOTATORS.build(dict(settings.annotator))
        pool = read_pool(pool_source(config), self.unit, annotator, path)
        return hold_out(pool, settings.validation, starts_labeled(settings.initial), self.seed)

    def budget_after(self, round: int) -> int:
        """Units that the strategy chose, or may choose, after a round: without validation.

        Raises:
            Missing, ValueError: See :attr:`settings` and :attr:`pool`.
        """
        settings, labeled = self.settings, self.state.labeled(until=round)
        budget = settings.budget_after(round)
        share = settings.validation_share
        return budget - len(validation_asked(self.pool, share, labeled, budget, self.seed))

    def scored(self) -> List[int]:
        """Rounds with statistics."""
        return [
            number
            for number in range(len(self.state.rounds))
            if self.state.stage(number, 'score') is not None and osp.exists(self.score_file(number))
        ]

    def score_file(self, round: int) -> str:
        """Where the statistics of a round are, or would be."""
        noted = (self.state.stage(round, 'score') or {}).get('file')
        return self.paths.absolute(noted) if noted else self.paths.scores(round)

    def statistics(self, round: int) -> 'PoolStatistics':
        """The pool as the strategy saw it in a round: what is labelled until its training.

        Raises:
            Missing: The round has not been scored, its file is broken, or the pool's is.
        """
        from .statistics import load_views

        path = self.score_file(round)
        if not osp.exists(path):
            raise Missing(
                f'{self.folder}: round {round} has no scores; rounds {self.scored()} have'
            )
        try:
            views = load_views(path)
        except ValueError as error:
            raise Missing(str(error)) from error
        return pool_statistics(
            views,
            self.pool,
            self.state.labeled(until=round),
            self.seed,
            round,
            **{
                key: self.setting(f'active_learning.{key}', Settings._field_defaults[key])
                for key in TRIANGULATION
            },
        )

    # ---- queries and answers -------------------------------------------------------------------

    def query(self, round: Optional[int] = None) -> Query:
        """What people are asked in a round; the latest query by default.

        Raises:
            Missing: There is none.
            ValueError: Its file cannot be read.
        """
        rounds = self.paths.query_rounds()
        if not rounds:
            raise Missing(
                f'{self.folder}: holds no query; only a FileAnnotator '
                'writes them, when the experiment is trained'
            )
        number = rounds[-1] if round is None else round
        query = load_query(self.paths.folder, number)
        if query is None:
            raise Missing(f'{self.folder}: round {number} has no query; there are {rounds}')
        return query

    def open_query(self) -> Optional[Query]:
        """The query that answers are taken for now; None without.

        A query is open until the experiment has gone on from its answers.
        """
        rounds = self.paths.query_rounds()
        if self.finished is not None or not rounds:
            return None
        if self.state.stage(rounds[-1], 'annotate') is not None:
            return None
        return load_query(self.paths.folder, rounds[-1])

    def answers(self, round: int) -> Dict[int, np.ndarray]:
        """Annotation id -> keypoints (K, 3) that people gave to the query of a round.

        Raises:
            ValueError: The file cannot be read.
        """
        document = load_answers(self.paths.folder, round)
        return {} if document is None else merged([document])

    def warnings(self, round: int) -> List['LabelWarning']:
        """What of the answers to the query of a round is worth another look now.

        Raises:
            ValueError: The file cannot be read.
        """
        from .answers.label_warnings import read_warnings

        document = load_answers(self.paths.folder, round)
        return [] if document is None else read_warnings(document['events'])


# ---- the pool as a strategy sees it ----------------------------------------------------


def read_pool(source: dict, unit: str, annotator: Any, path: Optional[str] = None) -> Pool:
    """The pool that a config describes.

    Args:
        source (dict): The labelled source, see
            :func:`~mmpose_al.active_learning.settings.pool_source`.
        unit (str): Of the settings.
        annotator (Annotator): Says what may be asked for, if it has ``labelable``.
        path (str, optional): The file; by default that of the source.

    Raises:
        FormatError: The file breaks its format.
        ValueError: It has no such units, cameras or subjects.
    """
    if path is None:
        path = osp.abspath(osp.join(source.get('data_root') or '', source['ann_file']))
    return load_pool(
        path,
        unit,
        getattr(annotator, 'labelable', None),
        source.get('on_bad', 'raise'),
        cameras=source.get('cameras'),
        subjects=source.get('subjects'),
        box_from_keypoints=source.get('box_from_keypoints', False),
    )


def pool_statistics(
    views: 'ViewStatistics',
    pool: Optional[Pool] = None,
    labeled: Sequence[int] = (),
    seed: int = 0,
    round: int = 0,
    threshold: float = 20.0,
    min_inliers: int = 2,
    weights: Optional[str] = None,
) -> 'PoolStatistics':
    """The pool as strategies see it. The runner and all readers build it here.

    What validates is not a part of it.

    Args:
        views (ViewStatistics): Of the pool.
        pool (Pool, optional): Its units, with their recordings and times; without it the
            units are those of the views, of one recording.
        labeled (Sequence[int]): Ids of the labelled units.
        seed, round, threshold, min_inliers, weights: See :class:`PoolStatistics`.
    """
    from .statistics import PoolStatistics

    if pool is not None and pool.held:
        pool = pool.training
        views = views.select(np.isin(views.unit, pool.units))
    units = np.unique(views.unit) if pool is None else pool.units
    return PoolStatistics(
        views,
        units,
        np.isin(units, np.asarray(labeled, np.int64)),
        None if pool is None else pool.sequences,
        None if pool is None else pool.times,
        seed,
        round,
        threshold,
        min_inliers,
        weights,
        None if pool is None else pool.seconds,
        None if pool is None else pool.recordings,
        None if pool is None else pool.cameras,
    )


def open_query(work_dir: str) -> Query:
    """The query that answers are taken for.

    Raises:
        Missing: There is none.
        StateError: The folder holds no experiment.
    """
    experiment = Experiment(work_dir)
    query = experiment.open_query()
    if query is not None:
        return query
    if experiment.finished is not None:
        raise Missing(f'{work_dir}: no query is open; the experiment is finished')
    raise Missing(f'{work_dir}: no query is open; go on with\n    {train_command(work_dir)}')


# ---- rounds ------------------------------------------------------------------------------


class Row(NamedTuple):
    """What a round left.

    Attributes:
        round, labels (int): Number; labelled units when it was trained.
        share (float): Labelled part of the pool.
        validation (int, optional): Labelled units that validate; None: none are held out.
        metrics (dict): Of :func:`plain_metrics`, of the round's last training.
        picked (list[int]): Units that the strategy asks for, best first; not what validates.
        utilities (list[float]): Why.
        strategy (str): That picked them; '' where nothing was picked.
        pseudo (dict): What self-training chose for the next round.
        bootstraps (list[dict]): The pseudo-labels of its own later trainings.
        trainings (list[dict]): Metrics after that on the labels and after each later one.
    """

    round: int
    labels: int
    share: float
    validation: Optional[int]
    metrics: Dict[str, float]
    picked: List[int]
    utilities: List[float]
    strategy: str
    pseudo: dict
    bootstraps: List[dict]
    trainings: List[Dict[str, float]]


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


def main_metric(names: Sequence[str]) -> Metric:
    """The metric of the curves: MKPE, else AP, else an EPE, else the first PCK or the first.

    Names that do not tell whether they are errors come last, and are none.

    Raises:
        Missing: There is none.
    """
    names = list(names)
    if 'multiview/MKPE' in names:
        return Metric('multiview/MKPE', True, 'mm')
    errors = [n for n in names if n.split('/')[-1] == 'EPE']
    if errors and 'coco/AP' not in names:
        return Metric(errors[0], True, 'px')
    if names and all(name.startswith('rig/') for name in names):
        return Metric('rig/reprojection_error', True, 'px')
    if not names:
        raise Missing('no round has been evaluated yet')
    usual = [n for n in names if n == 'coco/AP'] + [n for n in names if n.startswith('pck/')]
    name = (usual + [n for n in names if lower_is_better(n) is not None] + names)[0]
    return Metric(name, bool(lower_is_better(name)), '')


def metrics_of(stages: Dict[str, dict]) -> Dict[str, float]:
    """What the evaluation of a round reports, and how well the views of a rig agree."""
    parts = (last_training(stages) or {}, stages.get('score') or {})
    together = {k: v for part in parts for k, v in (part.get('metrics') or {}).items()}
    return plain_metrics({k: np.nan if v is None else v for k, v in together.items()})


def plain_metrics(metrics: Dict[str, float]) -> Dict[str, float]:
    """Those with one slash in the name: no joints, cameras or single students."""
    return {
        name: value
        for name, value in metrics.items()
        if name.count('/') == 1 and not name.startswith(('student', 'mean/'))
    }
