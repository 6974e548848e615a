"""What all kinds of self-training share: labels that a model gives itself."""

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..pool import Pool
from ..statistics import PoolStatistics

if TYPE_CHECKING:
    import numpy as np


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


def bootstrap_shares(data: Mapping[str, Any]) -> List[float]:
    """Shares of labels, pseudo-labels and, where there are such, unlabelled images.

    Args:
        data (Mapping): Config of the ``LabeledUnlabeledDataset``; its ``shares`` count.
    """
    if data.get('shares'):
        return list(data['shares'])
    return [1, 1, 2] if data.get('unlabeled') else [1, 1]


def check_bootstraps(cfg: Mapping[str, Any], rules: SelfTraining) -> None:
    """Raise ValueError unless batches of labels and pseudo-labels can be composed.

    Args:
        cfg (Mapping): Of the experiment.
        rules (SelfTraining): Of its self-training.
    """
    if not rules.trainings:
        return
    loader = cfg['train_dataloader']
    sampler, shares = loader.get('sampler') or {}, bootstrap_shares(loader['dataset'])
    name = f'active_learning.self_training: {type(rules).__name__}'
    if sampler.get('type') != 'LabeledUnlabeledSampler' or sampler.get('num_unlabeled') is not None:
        raise ValueError(
            f'{name} composes batches of labels and pseudo-labels by their shares, which '
            "train_dataloader.sampler=dict(type='LabeledUnlabeledSampler') without num_unlabeled "
            'does; take that one. A network that was trained otherwise, as by MultiViewPoseDual, '
            'teaches with a config of labels alone: mmpose-al extract CHECKPOINT student.pth'
        )
    kinds = [
        'labels',
        'pseudo-labels',
        *['unlabelled images'] * bool(loader['dataset'].get('unlabeled')),
    ]
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
