"""Multi-view bootstrapping without an experiment: pseudo-labels, and a config that trains on them.

A trained network of any config whose labelled source is a calibrated rig predicts in all of
its file. What is not labelled gets pseudo-labels. The new config trains on both.
"""

import copy
import os.path as osp
from typing import Any, List, NamedTuple, Optional, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import _load_checkpoint
from mmpose.registry import DATASETS, MODELS

from ..active_learning.experiment import read_pool
from ..active_learning.pool import PSEUDO_LABELS, Pool, write_pseudo
from ..active_learning.scoring import score_pool
from ..active_learning.self_training import (
    MultiViewBootstrapping,
    check_bootstraps,
    compose_bootstrap,
)
from ..active_learning.self_training.bootstrapping import PseudoLabels
from ..active_learning.settings import below, seed_of, without_choice
from ..active_learning.statistics import ViewStatistics, sort_views
from ..checkpoint_files import has_begun
from ..config_files import any_folder
from ..datasets.checks import instance_ids
from ..fileio import read_json, write_text
from ..models.loading import state_of
from .stages import Progress, check_views, pseudo_labels, source_loader, summary
from .weights import load_whole

UNIT = 'instances'  # what is labelled at once; people may have labelled some views of a frame


class Rig(NamedTuple):
    """What a config trains on, as bootstrapping sees it.

    Attributes:
        source (dict): Config of the labelled source, without a choice of labels.
        pool (Pool): All of its file.
        labeled (list[int]): Annotations that the config trains on.
    """

    source: dict
    pool: Pool
    labeled: List[int]


def rig_of(cfg: Config, rules: MultiViewBootstrapping) -> Rig:
    """The rig that a config trains on.

    Args:
        cfg (Config): Its training data is a ``LabeledUnlabeledDataset`` with one labelled
            source, or with two of which the second are pseudo-labels.
        rules (MultiViewBootstrapping): What is asked of the rig.

    Raises:
        ValueError: It trains on something else, or on all of the file; or there are views
            that cannot be triangulated.
    """
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    labeled = labeled_source(cfg)
    check_bootstraps(cfg, rules)
    source = without_choice(labeled)
    pool = read_pool(source, UNIT, None)
    rules.check(pool)
    chosen = instance_ids(DATASETS.build(copy.deepcopy(labeled))).tolist()
    if not set(pool.persons) - set(chosen):
        raise ValueError(
            f'{pool.path}: the config trains on all of its {len(pool.persons)} views, so none is '
            "left for pseudo-labels; choose labels in the config, as by labels=dict(unit='frames',"
            " num=4, seed=0), subset='labeled'"
        )
    rules.check_views(pool, set(chosen))
    return Rig(source, pool, chosen)


def labeled_source(cfg: Config) -> Any:
    """Config of the one source with labels of people.

    Raises:
        ValueError: There is none, or several.
    """
    data = (cfg.get('train_dataloader') or {}).get('dataset') or {}
    if 'active_learning' in cfg or data.get('type') != 'LabeledUnlabeledDataset':
        raise ValueError(
            'bootstrap takes an ordinary config whose train_dataloader.dataset is a '
            'LabeledUnlabeledDataset; an experiment has active_learning.self_training='
            "dict(type='MultiViewBootstrapping')"
        )
    sources = data.labeled if isinstance(data.labeled, (list, tuple)) else [data.labeled]
    made = [is_pseudo(source) for source in sources]
    if made[0] or not all(made[1:]):
        raise ValueError(
            f'train_dataloader.dataset.labeled has {len(sources)} sources; bootstrap takes one '
            'with labels of people, and after it none but files that bootstrap wrote'
        )
    return sources[0]


def is_pseudo(source: Any) -> bool:
    """Whether the labels of a source were made by a model."""
    path = osp.join(source.get('data_root') or '', source['ann_file'])
    if not osp.isfile(path):
        raise FileNotFoundError(f'{path}: there is no such annotation file')
    info = read_json(path).get('info') or {}
    return isinstance(info, dict) and info.get('description') == PSEUDO_LABELS


def score_source(cfg: Config, rig: Rig, checkpoint: str) -> Tuple[ViewStatistics, Any]:
    """Statistics of all views of a rig by a network, and the data loader that had them.

    Raises:
        ValueError: The weights are of another model.
        FloatingPointError: The network diverged.
    """
    model = MODELS.build(copy.deepcopy(cfg.model))
    load_network(model, checkpoint)
    loader: Any = source_loader(cfg, rig.source, seed_of(cfg))
    progress = Progress(osp.basename(checkpoint), len(loader.dataset))
    views = sort_views(score_pool(model.to(get_device()), loader, UNIT, (), progress))
    views = views.select(np.isin(views.unit, rig.pool.units))
    check_views(views)
    return views, loader


def load_network(model: torch.nn.Module, checkpoint: str) -> None:
    """Load weights.

    Raises:
        ValueError: They are of another model, or the file is no checkpoint; it names it.
    """
    try:
        load_whole(model, state_of(_load_checkpoint(checkpoint, map_location='cpu')))
    except (RuntimeError, ValueError) as error:
        raise ValueError(
            f'{checkpoint} is no checkpoint of the model of the config: {error}'
        ) from error


def bootstrap(
    cfg: Config, checkpoint: str, rules: MultiViewBootstrapping
) -> Tuple[Rig, ViewStatistics, PseudoLabels]:
    """Pseudo-labels of all that a config does not train on.

    Args:
        cfg (Config): The one that the checkpoint was trained with.
        checkpoint (str): Weights.
        rules (MultiViewBootstrapping): How.

    Returns:
        tuple: The rig, what the network says of all its views, and the pseudo-labels.

    Raises:
        ValueError: See :func:`rig_of` and :func:`score_source`.
    """
    rig = rig_of(cfg, rules)
    views, loader = score_source(cfg, rig, checkpoint)
    made = pseudo_labels(rules, views, rig.pool, rig.labeled, loader, seed_of(cfg))
    return rig, views, made


def write_bootstrap(rig: Rig, made: PseudoLabels, path: str) -> dict:
    """Write the file of pseudo-labels.

    Returns:
        dict: See :func:`~mmpose_al.engine.stages.summary`, and ``annotations``.

    Raises:
        ValueError: There is no label; nothing is written.
    """
    noted = summary(made, rig.pool)
    if not noted['joints']:
        raise ValueError(
            f'of {noted["of"]} joints there is none on which enough views agree; has this network '
            'learnt anything? Else ask for fewer views (min_inliers) or allow more pixels '
            '(threshold). Nothing was written'
        )
    keypoints, weights = made.by_id()
    return dict(noted, annotations=write_pseudo(rig.pool, keypoints, path, weights))


def bootstrapped_config(cfg: Config, rig: Rig, rules: MultiViewBootstrapping, path: str) -> Config:
    """The config that trains on its labels and on a file of pseudo-labels.

    Args:
        cfg (Config): It is not changed.
        rig (Rig): Of it.
        rules (MultiViewBootstrapping): Its ``batch_size`` and ``unlabeled`` count.
        path (str): The file.
    """
    made = copy.deepcopy(cfg)
    data = made.train_dataloader.dataset
    source = labeled_source(cfg)
    compose_bootstrap(made, rules)
    data.labeled = [source, dict(rig.source, ann_file=osp.abspath(path))]
    if data.get('unlabeled'):
        data.allow_overlap = True
    for key in ('work_dir', 'load_from', 'resume'):
        made.pop(key, None)
    if cfg.get('work_dir'):  # beside that of the network which teaches
        parent = osp.dirname(osp.normpath(cfg.work_dir))
        made.work_dir = free_folder(osp.join(parent, osp.splitext(osp.basename(path))[0]))
    return made


def free_folder(path: str) -> str:
    """A folder that no training has begun in: this one, or the same with a number."""
    number, found = 2, path
    while has_begun(found):
        found, number = f'{path}_{number}', number + 1
    return found


def write_config(cfg: Config, path: str, note: Optional[str] = None) -> None:
    """Write a config whole, atomically, with a line that says what it is.

    Paths below its folder begin there, so that it may be moved with them.
    """
    head = f'"""{note}"""\n' if note else ''
    text = Config(below(cfg.to_dict(), osp.dirname(osp.abspath(path)))).pretty_text
    write_text(path, head + any_folder(text))
