"""The ``active_learning`` section of a config: what it may say, and the checks of it.

Pure functions of a config, which is any mapping with MMEngine's keys. Nothing is built, and
neither torch nor MMEngine is imported.
"""

import copy
import os
import os.path as osp
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Union

from ..confidence import read_confidence
from ..config_files import FOLDER, FREE_KEYS, config_digest
from ..fileio import is_int, is_number, short
from ..geometry import WEIGHTS
from .stopping import reached

UNITS = ('frames', 'images', 'instances')
# What asks where a config names no strategy: k-centre, over triangulated poses of a rig.
DEFAULT_STRATEGIES = dict(
    frames=dict(type='CoreSetPoses', min_seconds=1.0),
    images=dict(type='CoreSetFeatures', min_seconds=1.0),
    instances=dict(type='CoreSetFeatures', min_seconds=1.0),
)
STARTS = ('scratch', 'last', 'load_from')
LABELED = 'labeled'
TRIANGULATION = ('threshold', 'min_inliers', 'weights')  # settings of the triangulation
# What else may change between two starts of one experiment.
FREE_ANNOTATOR_KEYS = ('image_root', 'images', 'formats', 'image_folders')
# What chooses the labels of a data set; each round makes its own choice.
CHOICES = ('labels', 'ids_file', 'subset')


class Settings(NamedTuple):
    """The section, checked and with its defaults.

    Attributes:
        initial (int | str | dict): Units labelled before the first round, at random;
            ``'labeled'``: those that the pool's file labels; ``dict(labeled=N)``: N of them.
        budget (int | list[int]): Units labelled after each round, or after the first, the
            second and so on; the last number counts for all later rounds.
        strategy, annotator (dict): Configs of what is registered. Without a strategy
            ``DEFAULT_STRATEGIES`` of the unit.
        unit (str): What is labelled at once, one of ``UNITS``.
        initial_strategy (dict, optional): Chooses the units of the first round; None: at
            random, the same for every strategy of a seed.
        self_training (dict, optional): Config of what is registered; None: no
            pseudo-labels.
        start (str): A round's weights, one of ``STARTS``: new ones, those of the last
            round, or those of ``load_from``.
        limits (dict): When to stop, see :func:`~mmpose_al.active_learning.stopping.reached`.
        pool (dict): Changes to the data set that is scored, by default the labelled source
            with the validation pipeline.
        threshold (float): Of the triangulation, pixels.
        min_inliers (int): Views that have to agree on a keypoint, at least 2.
        weights (str, optional): What views weigh in the triangulation: ``'confidence2'``, the
            square of their confidence, ``'confidence'``, or None, all alike (Feng23).
        validation (dict, optional): ``dict(share=0.1)``: so much of what people answer
            validates, see :mod:`~mmpose_al.active_learning.held_out`.
        confidence (str, optional): File of ``mmpose-al confidence``: the scores of keypoints
            that strategies and triangulation read are what it makes of the model's.
    """

    initial: Union[int, str, dict]
    budget: Union[int, Sequence[int]]
    strategy: dict = {}
    unit: str = 'frames'
    annotator: dict = dict(type='GroundTruthAnnotator')
    self_training: Optional[dict] = None
    start: str = 'scratch'
    limits: dict = {}
    pool: dict = {}
    threshold: float = 20.0
    min_inliers: int = 2
    weights: Optional[str] = None
    initial_strategy: Optional[dict] = None
    validation: Optional[dict] = None
    confidence: Optional[str] = None

    @property
    def validation_share(self) -> Optional[float]:
        """Share of the answers that validates; None: of none."""
        return None if self.validation is None else self.validation['share']

    def budget_after(self, number: int) -> int:
        """How many units are asked for after a round."""
        return of_round(self.budget, number)


def of_round(values: Union[int, Sequence[int]], number: int) -> int:
    """A round's number of units: of a list, whose last one counts for all later rounds."""
    if isinstance(values, int):
        return values
    return values[min(number, len(values) - 1)]


def read_settings(cfg: Mapping[str, Any]) -> Settings:
    """The settings of an experiment's config.

    Args:
        cfg (Mapping): With an ``active_learning`` section and
            ``train_cfg = dict(type='ActiveLearningLoop', round_cfg=...)``.

    Raises:
        ValueError: The config lacks something or holds something else; it says what.
    """
    section = dict(cfg.get('active_learning') or {})
    unknown = sorted(set(section) - set(Settings._fields))
    if unknown:
        raise ValueError(
            f'active_learning: unknown keys {unknown}; there are {", ".join(Settings._fields)}'
        )
    for key in ('initial', 'budget'):
        if section.get(key) is None:
            raise ValueError(f'active_learning.{key} is missing')
    settings = Settings(**copy.deepcopy({**Settings._field_defaults, **section}))
    if settings.unit not in UNITS:
        raise ValueError(f'active_learning.unit is one of {UNITS}; got {settings.unit!r}')
    if not settings.strategy:
        settings = settings._replace(strategy=dict(DEFAULT_STRATEGIES[settings.unit]))
    check_numbers(settings)
    if settings.initial_strategy and starts_labeled(settings.initial):
        raise ValueError(
            'active_learning.initial_strategy chooses the first labels, but initial='
            f'{short(settings.initial)} takes those that the file has; leave one of them out'
        )
    check_start(settings, cfg)
    check_round(cfg)
    check_data(cfg)
    check_validation(settings.validation)
    check_evaluation(cfg)
    if section.get('self_training') is not None:
        rules = read_self_training(section['self_training'])
        settings = settings._replace(self_training=rules)
    check_shares(cfg, settings.self_training is not None)
    reached(settings.limits, [])
    return settings


def check_numbers(settings: Settings) -> None:
    """Raise ValueError unless the numbers are such as can be used."""
    first: Any = initial_number(settings.initial)
    later: Any = settings.budget
    for key, value in (('initial', first), ('budget', later)):
        several = key == 'budget' and isinstance(value, (list, tuple)) and len(value) > 0
        numbers: List[Any] = (
            list(value) if several else [] if key == 'initial' and value is None else [value]
        )
        if not all(is_int(each) and each >= 1 for each in numbers):
            more = ", 'labeled', or dict(labeled=N)"
            raise ValueError(
                f'active_learning.{key} is {short(getattr(settings, key))}; write a whole number '
                'of units, at least 1'
                + (more if key == 'initial' else ', or a list of them, one a round')
            )
    check_triangulation(settings)


def check_triangulation(settings: Settings) -> None:
    """Raise ValueError unless keypoints can be triangulated so."""
    threshold = settings.threshold
    if not is_number(threshold) or threshold <= 0:
        raise ValueError(
            f'active_learning.threshold is {short(threshold)}; write a finite number of '
            'pixels, above 0'
        )
    if not is_int(settings.min_inliers) or settings.min_inliers < 2:
        raise ValueError(
            f'active_learning.min_inliers is {short(settings.min_inliers)}; write a whole number '
            'of views, at least 2'
        )
    if settings.weights not in WEIGHTS:
        raise ValueError(
            f'active_learning.weights is {short(settings.weights)}; write one of {WEIGHTS}'
        )
    if not isinstance(settings.confidence, (str, type(None))):
        raise ValueError(
            f'active_learning.confidence is {short(settings.confidence)}; write the path of a file '
            'of `mmpose-al confidence`, or None'
        )


def initial_number(initial: Any) -> Any:
    """How many units start an experiment; None: all that the pool's file labels."""
    if initial == LABELED:
        return None
    if isinstance(initial, dict):
        return initial[LABELED] if set(initial) == {LABELED} else initial
    return initial


def starts_labeled(initial: Any) -> bool:
    """Whether labels that the pool's file has start an experiment."""
    return initial == LABELED or isinstance(initial, dict)


def check_start(settings: Settings, cfg: Mapping[str, Any]) -> None:
    """Raise ValueError unless a round can start from the weights that are named."""
    if settings.start not in STARTS:
        raise ValueError(f'active_learning.start is one of {STARTS}; got {settings.start!r}')
    if settings.start == 'load_from' and not cfg.get('load_from'):
        raise ValueError("active_learning.start='load_from' needs load_from")


def check_round(cfg: Mapping[str, Any]) -> None:
    """Raise ValueError unless the config has the schedule of a round."""
    train = cfg.get('train_cfg') or {}
    if train.get('type') != 'ActiveLearningLoop' or not train.get('round_cfg'):
        raise ValueError(
            "an experiment needs train_cfg = dict(type='ActiveLearningLoop', "
            "round_cfg=dict(type='IterBasedTrainLoop', max_iters=...)): the schedule of a round"
        )


def check_data(cfg: Mapping[str, Any]) -> None:
    """Raise ValueError unless training reads one pool, and one source without labels at most."""
    data = (cfg.get('train_dataloader') or {}).get('dataset') or {}
    if data.get('type') != 'LabeledUnlabeledDataset' or not isinstance(data.get('labeled'), dict):
        raise ValueError(
            'train_dataloader.dataset must be a LabeledUnlabeledDataset with one '
            'labelled source, the pool; each round says which of it is labelled'
        )
    if not isinstance(data.get('unlabeled') or {}, dict):
        raise ValueError(
            'train_dataloader.dataset.unlabeled of an experiment is one source, '
            'dict(...), or None; each round says which of it is not labelled'
        )


def check_shares(cfg: Mapping[str, Any], pseudo_labels: bool) -> None:
    """Raise ValueError unless there is a share for each source that a round may have."""
    data = cfg['train_dataloader']['dataset']
    shares = data.get('shares')
    sources = ['labels', *['pseudo-labels'] * pseudo_labels]
    sources += ['unlabelled views'] * bool(data.get('unlabeled'))
    if shares is not None and len(shares) != len(sources):
        raise ValueError(
            f'train_dataloader.dataset.shares is {short(shares)}; with self_training '
            f'{"set" if pseudo_labels else "None"} the sources of a round are '
            f'{", ".join(sources)}: give {len(sources)} numbers in this order (a round without '
            'pseudo-labels leaves theirs out)'
        )


def check_validation(section: Any) -> None:
    """Raise ValueError unless ``active_learning.validation`` can be followed."""
    if section is None:
        return
    share: Any = section.get('share') if isinstance(section, Mapping) else None
    if not is_number(share) or not 0 < share < 1 or set(section) != {'share'}:
        raise ValueError(
            f'active_learning.validation is {short(section)}; write dict(share=0.1), the part of '
            'what people answer that validates, above 0 and below 1, or None'
        )


def check_answers_validate(cfg: Mapping[str, Any]) -> None:
    """Raise ValueError unless answers can validate: nothing else does, and how is known."""
    section = cfg['active_learning']
    if any(cfg.get(key) is not None for key in ('val_dataloader', 'val_cfg', 'val_evaluator')):
        raise ValueError(
            'active_learning.validation takes the validation set from what people answer, but '
            'val_dataloader names one already; leave one of them out (val_dataloader = '
            'val_evaluator = val_cfg = None)'
        )
    if not (section.get('pool') or {}).get('pipeline') or not cfg.get('test_evaluator'):
        raise ValueError(
            'active_learning.validation scores by test_evaluator, through active_learning.pool = '
            'dict(pipeline=...); write both'
        )
    evaluators = cfg['test_evaluator']
    for each in evaluators if isinstance(evaluators, (list, tuple)) else [evaluators]:
        metric = each.get('metric') if isinstance(each.get('metric'), Mapping) else each
        if metric.get('ann_file'):
            raise ValueError(
                f'test_evaluator {metric.get("type")} reads {metric["ann_file"]}, which does not '
                'hold what people answer; leave its ann_file out'
            )


def check_evaluation(cfg: Mapping[str, Any]) -> None:
    """Raise ValueError unless each round can be evaluated, or none is to be."""
    keys = ('val_dataloader', 'val_cfg', 'val_evaluator')
    missing = [key for key in keys if cfg.get(key) is None]
    section = cfg['active_learning']
    if section.get('validation') is not None:
        check_answers_validate(cfg)
        return
    if missing == list(keys) and (section.get('pool') or {}).get('pipeline'):
        if (section.get('limits') or {}).get('plateau'):
            raise ValueError(
                'active_learning.limits.plateau watches a metric, but there is no validation '
                '(val_dataloader is None); write one, or leave plateau out'
            )
        return
    if missing:
        raise ValueError(
            f'an experiment evaluates each round, but {", ".join(missing)} is '
            'missing; write it, and leave --no-validate out. Without any validation set all '
            'three to None, and active_learning.pool = dict(pipeline=...) for the pass over the '
            'pool'
        )


def read_self_training(section: Any) -> dict:
    """The config of self-training, with its type: by default Feng23's.

    Raises:
        ValueError: It is no config.
    """
    if not isinstance(section, Mapping):
        raise ValueError(
            f'active_learning.self_training is {short(section)}; write dict(type=..., ...), or None'
        )
    return {'type': 'ConsistentFrames', **section}


# ---- what else the config says about an experiment ----------------------------------


def seed_of(cfg: Mapping[str, Any]) -> int:
    """The seed of an experiment; 0 where the config names none."""
    return int((cfg.get('randomness') or {}).get('seed') or 0)


def pool_source(cfg: Mapping[str, Any]) -> dict:
    """The labelled source of the config without any choice of labels, a copy."""
    return without_choice(cfg['train_dataloader']['dataset']['labeled'])


def without_choice(source: Mapping[str, Any]) -> dict:
    """A copy of a data set's config without any choice of labels."""
    copied: Any = copy.deepcopy(source)  # a ConfigDict stays one
    for key in CHOICES:
        copied.pop(key, None)
    return copied


def experiment_digest(cfg: Any, *args: Any, **kwargs: Any) -> str:
    """Of a config without what may change between two starts: limits, and the strategy.

    Args:
        cfg (Config | dict): Of an experiment.
        args, kwargs: See :func:`that_counts`.

    Returns:
        str: 16 hexadecimal digits.

    Raises:
        FileNotFoundError, FileError: The file of confidence is not there, or is none.
    """
    return config_digest(that_counts(cfg, *args, **kwargs))


def changed_keys(cfg: Any, other: Any) -> List[str]:
    """Where two configs of an experiment differ in what must not change, as ``a.b.c``."""
    return sorted(_differences(that_counts(cfg), that_counts(other), ''))


def _differences(one: Any, other: Any, name: str) -> Iterator[str]:
    if not (isinstance(one, dict) and isinstance(other, dict)):
        if config_digest(dict(value=one)) != config_digest(dict(value=other)):
            yield name
        return
    for key in {*one, *other}:
        inner = f'{name}.{key}' if name else str(key)
        yield from _differences(one.get(key), other.get(key), inner)


def that_counts(
    cfg: Any,
    without: Sequence[str] = (),
    annotator: Sequence[str] = FREE_ANNOTATOR_KEYS,
    by_path: bool = False,
    strategy: bool = False,
) -> Dict[str, Any]:
    """A config without what may change between two starts: limits, and the strategy.

    Of the file of confidence its map counts, not where it lies. Paths below the folder of the
    pool's file count from there, so that a project may be moved as a whole.

    Args:
        cfg (Config | dict): Of an experiment.
        without (Sequence[str]): Keys of ``active_learning`` to leave out as well.
        annotator (Sequence[str]): Keys of its annotator to leave out; none of them
            were, once.
        by_path (bool): Whether paths count as they are instead, as they did once.
        strategy (bool): Whether the strategy counts, as it did once.

    Returns:
        dict: A copy.

    Raises:
        FileNotFoundError, FileError: The file of confidence is not there, or is none.
    """
    plain: Dict[str, Any] = copy.deepcopy(cfg.to_dict() if hasattr(cfg, 'to_dict') else dict(cfg))
    for key in FREE_KEYS:
        plain.pop(key, None)
    (plain.get('load_cfg') or {}).pop('changed', None)
    if not plain.get('load_cfg'):
        plain.pop('load_cfg', None)
    saves = (plain.get('default_hooks') or {}).get('checkpoint') or {}
    if saves.get('type') == 'SafeCheckpointHook':  # how files are written changes no result
        saves['type'] = 'CheckpointHook'
    for key in ('limits', *([] if strategy else ['strategy']), *without):
        plain['active_learning'].pop(key, None)
    for key in annotator:
        (plain['active_learning'].get('annotator') or {}).pop(key, None)
    path = plain['active_learning'].get('confidence')
    if path and not by_path:
        plain['active_learning']['confidence'] = list(read_confidence(path))
    return plain if by_path else _from(plain, _home(plain))


def _home(cfg: Mapping[str, Any]) -> str:
    """The folder of the pool's file, where the config names it by an absolute path; else ''."""
    source = cfg['train_dataloader']['dataset']['labeled']
    path = osp.join(source.get('data_root') or '', source.get('ann_file') or '')
    return osp.dirname(path) if osp.isabs(path) else ''


def _from(value: Any, home: str, name: str = '<pool>') -> Any:
    """A config's value with paths below a folder as they are from there, behind a name."""
    if isinstance(value, dict):
        return {key: _from(each, home, name) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_from(each, home, name) for each in value)
    if home and isinstance(value, str) and (value + '/').startswith(home + '/'):
        return name + value[len(home) :]
    return value


def movable(cfg: Mapping[str, Any], folder: str) -> Dict[str, Any]:
    """The values of a config for a file in a folder that may be moved with the pool.

    Where the folder lies below that of the pool's file, paths below the latter begin at the
    file: MMEngine puts its folder in the place of ``{{fileDirname}}``.

    Args:
        cfg (Mapping): Of an experiment.
        folder (str): Of the experiment.
    """
    home = _home(cfg)
    inside = home and osp.join(osp.abspath(folder), '').startswith(osp.join(home, ''))
    way = f'{FOLDER}/' + osp.relpath(home, folder).replace(os.sep, '/') if inside else ''
    return _from(dict(cfg), home if inside else '', way)


def below(cfg: Mapping[str, Any], folder: str) -> Dict[str, Any]:
    """The values of a config for a file in a folder, whose paths below it begin at the file.

    Args:
        cfg (Mapping): Of a training.
        folder (str): Of the file, absolute.
    """
    return _from(dict(cfg), folder.rstrip('/'), FOLDER)


def earlier_digests(cfg: Any) -> List[str]:
    """What earlier versions noted of the same config."""
    kinds = [(keys, by_path) for keys in (FREE_ANNOTATOR_KEYS, ()) for by_path in (False, True)]
    return [
        experiment_digest(cfg, annotator=keys, by_path=by_path, strategy=strategy)
        for keys, by_path in kinds
        for strategy in (False, True)
    ]
