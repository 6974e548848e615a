"""What all kinds of self-training share: labels that a model gives itself."""

import inspect
from typing import TYPE_CHECKING, Any, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..pool import Pool
from ..registry import SELF_TRAINING
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
    keypoints: 'Mapping[int, np.ndarray]'


class SelfTraining:
    """Labels that the model of a round gives itself, for frames of a calibrated rig.

    A subclass overrides :meth:`for_next_round`: labels of frames that the next round trains
    on.
    """

    #: What the pool must have; see :func:`~mmpose_al.active_learning.pool.check_pool`.
    needs: Tuple[str, ...] = ('cameras',)
    #: Whether ``before`` of :meth:`for_next_round` is of all rounds so far.
    remembers = False

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


def build_self_training(section: Mapping[str, Any]) -> SelfTraining:
    """What ``active_learning.self_training`` of a config describes.

    Args:
        section (Mapping): ``type``, a name in the registry ``SELF_TRAINING``, and the
            arguments of it.

    Raises:
        ValueError: There is no such type or argument, one is missing, or it has a value that
            cannot be used.
    """
    kind = SELF_TRAINING.get(section['type'])
    if kind is None:
        raise ValueError(
            f'active_learning.self_training: there is no type {section["type"]!r}; there are '
            f'{", ".join(sorted(SELF_TRAINING.module_dict))}'
        )
    known = inspect.signature(kind).parameters
    given = {name: value for name, value in section.items() if name != 'type'}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(
            f'active_learning.self_training: unknown keys {unknown}; {kind.__name__} has '
            f'{", ".join(known)}'
        )
    lacking = [n for n, p in known.items() if p.default is p.empty and n not in given]
    if lacking:
        raise ValueError(
            f'active_learning.self_training: {kind.__name__} needs {", ".join(lacking)}, as in '
            f'self_training=dict({lacking[0]}=...)'
        )
    return kind(**given)
