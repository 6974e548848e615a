"""What all kinds of self-training share: labels that a model gives itself."""

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..pool import Pool
from ..statistics import PoolStatistics

if TYPE_CHECKING:
    import numpy as np


#: The sampler that composes batches by shares.
SAMPLER = 'LabeledUnlabeledSampler'


class Chosen(NamedTuple):
    """What the next round trains on beside labels.

    Attributes:
        ids (list[int]): Units, the surest first.
        candidates (int): How many there were.
        keypoints (dict): Annotation id -> (K, 3): x, y, v.
    """

    ids: List[int]
    candidates: int
    keypoints: 'Dict[int, np.ndarray]'


class SelfTraining:
    """Labels that the model of a round gives itself, for frames of a calibrated rig.

    A subclass overrides :meth:`for_next_round`: labels of frames that the next round trains
    on. Or it says how many ``trainings`` of the same round follow that on its labels, and
    has ``labels`` for each, as
    :class:`~mmpose_al.active_learning.self_training.MultiViewBootstrapping`.
    """

    #: What the pool must have; see :func:`~mmpose_al.active_learning.pool.check_pool`.
    needs: Tuple[str, ...] = ('cameras',)
    #: Whether ``before`` of :meth:`for_next_round` is of all rounds so far.
    remembers = False
    #: Trainings of a round after that on its labels.
    trainings: int = 0
    #: Samples a batch of these, on each rank; None: as the config says.
    batch_size: Optional[int] = None
    #: Whether the config's unlabelled images take part in these.
    unlabeled: bool = True

    def check(self, pool: Pool) -> None:
        """Raise ValueError unless such labels can be made of a pool."""

    def for_next_round(
        self, pool: PoolStatistics, file: Pool, picked: Sequence[int], before: Sequence[int]
    ) -> Optional[Chosen]:
        """Frames that the next round trains on with the model's own labels.

        Args:
            pool (PoolStatistics): As the strategy saw it.
            file (Pool): Its file.
            picked (Sequence[int]): Units that are about to be labelled by hand.
            before (Sequence[int]): Units that this round trained on so, or any round so far
                (``remembers``).

        Returns:
            Chosen: Without ``picked``; None where this kind has none for the next round.
        """
        return None


# ---- the batches of later trainings of a round -----------------------------------------


def bootstrap_shares(data: Mapping[str, Any], unlabeled: bool = True) -> List[float]:
    """Shares of labels, pseudo-labels and, where such take part, unlabelled images.

    Args:
        data (Mapping): Config of the ``LabeledUnlabeledDataset``; its ``shares`` count.
        unlabeled (bool): Whether its unlabelled images take part.
    """
    shares, there = list(data.get('shares') or ()), bool(data.get('unlabeled'))
    if there and not unlabeled and len(shares) == 3:
        shares.pop()
    return shares or ([1, 1, 2] if there and unlabeled else [1, 1])


def compose_bootstrap(cfg: Any, rules: SelfTraining) -> None:
    """Let a config train on batches of labels and pseudo-labels.

    Args:
        cfg (Config): Of a training; it is changed. The source of pseudo-labels is not added.
        rules (SelfTraining): Of its self-training.
    """
    loader = cfg['train_dataloader']
    data, sampler = loader['dataset'], loader['sampler']
    data['shares'] = bootstrap_shares(data, rules.unlabeled)
    if rules.batch_size is not None:
        loader['batch_size'] = rules.batch_size
        if sampler.get('batch_size') is not None:
            sampler['batch_size'] = rules.batch_size
    if data.get('unlabeled') and not rules.unlabeled:
        data.pop('unlabeled')
        for key in ('num_groups', 'num_views', 'num_unlabeled'):
            sampler.pop(key, None)
        sampler['type'] = SAMPLER
        if 'students' in cfg['model']:
            cfg['model']['start'] = None  # they learn from labels alone


def check_bootstraps(cfg: Mapping[str, Any], rules: SelfTraining) -> None:
    """Raise ValueError unless batches of labels and pseudo-labels can be composed.

    Args:
        cfg (Mapping): Of the experiment.
        rules (SelfTraining): Of its self-training.
    """
    if not rules.trainings:
        return
    loader = cfg['train_dataloader']
    there = bool(loader['dataset'].get('unlabeled'))
    sampler = loader.get('sampler') or {}
    shares = bootstrap_shares(loader['dataset'], rules.unlabeled)
    name = f'active_learning.self_training: {type(rules).__name__}'
    own = sampler.get('type') == SAMPLER and sampler.get('num_unlabeled') is None
    if not own and (rules.unlabeled or not there):
        raise ValueError(
            f'{name} composes batches of labels and pseudo-labels by their shares, which '
            f'train_dataloader.sampler=dict(type={SAMPLER!r}) without num_unlabeled does; take '
            'that one. With unlabeled=False the later trainings have it anyhow, and no unlabelled '
            'images: so MultiViewPoseDual teaches itself'
        )
    kinds = ['labels', 'pseudo-labels', *['unlabelled images'] * (there and rules.unlabeled)]
    if len(shares) != len(kinds):
        raise ValueError(
            f'train_dataloader.dataset.shares={shares} are of {", ".join(kinds)} in the trainings '
            f'of {type(rules).__name__}; give {len(kinds)} numbers, or leave them out'
        )
    size = rules.batch_size or loader['batch_size']
    parts = [size * share / sum(shares) for share in shares]
    if any(part < 1 or abs(part - round(part)) > 1e-6 for part in parts):
        raise ValueError(
            f'{name}: a batch of {size} with shares {shares} of {", ".join(kinds)} would hold '
            f'{[round(part, 2) for part in parts]}; choose a batch_size of which each gets a '
            'whole number'
        )
