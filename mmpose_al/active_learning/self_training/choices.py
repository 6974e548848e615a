"""Which of the frames that may be pseudo-labelled are: the surest, or others as sure.

The paper takes the surest M (Feng23, Alg. 2). Its authors' code draws M at random of the
surest 2 M, or takes as many of each cluster of poses, so that frames of one pose do not fill
the set.
"""

from typing import List, Sequence, Union

import numpy as np

from ..uniforms import keyed_uniforms


def surest(ids: Sequence[int], num: int) -> List[int]:
    """The first M.

    Args:
        ids (Sequence[int]): Units, the surest first.
        num (int): M.
    """
    return list(ids[:num])


def random_of_surest(
    ids: Sequence[int], num: int, seed: int, round: int, factor: int = 2
) -> List[int]:
    """M at random of the surest ``factor`` M (the authors' code of Feng23).

    Args:
        ids (Sequence[int]): Units, the surest first.
        num (int): M.
        seed, round (int): The draw is a function of them and of the ids.
        factor (int): How many times as many are drawn from.

    Returns:
        list[int]: The surest first.
    """
    best = np.asarray(ids[: factor * num], np.int64)
    draws = keyed_uniforms(best, 'pseudo', seed, round)
    chosen = np.sort(np.lexsort((best, draws))[:num])
    return best[chosen].tolist()


def from_clusters(
    ids: Sequence[int], clusters: Union[Sequence[int], np.ndarray], num: int
) -> List[int]:
    """As many of each cluster, the surest of each (the authors' code of Feng23).

    Clusters are asked in turn; one that has no more leaves its share to the others.

    Args:
        ids (Sequence[int]): Units, the surest first.
        clusters (Sequence[int]): The cluster of each; one below 0 is of no cluster, and its
            units are not taken.
        num (int): M.

    Returns:
        list[int]: In the order in which they were taken.
    """
    members: dict = {}
    for unit, cluster in zip(ids, clusters):
        if cluster >= 0:
            members.setdefault(int(cluster), []).append(int(unit))
    turns = [
        (turn, cluster, unit)
        for cluster, units in members.items()
        for turn, unit in enumerate(units)
    ]
    return [unit for _, _, unit in sorted(turns)[:num]]
