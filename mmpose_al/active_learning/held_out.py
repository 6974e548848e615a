"""Validation by what people answer: a part of the pool is held out, once and for ever.

``active_learning.validation=dict(share=0.1)`` holds out a part of the pool, whole recordings of
it where there are enough. It is a function of the pool and of the seed alone, so no round
changes it. A share of what each query asks for is drawn from it at random. What is held out is
never trained on: neither its labels, nor its images without labels.
"""

import math
from typing import Any, Collection, Dict, FrozenSet, List, Mapping, Optional, Sequence

import numpy as np

from ..fileio import sha256
from .pool import Pool
from .uniforms import keyed_uniforms

#: Held out are whole recordings where there are so many of them.
RECORDINGS = 4


def hold_out(pool: Pool, section: Optional[Mapping[str, Any]], labeled: bool, seed: int) -> Pool:
    """The pool with the units that validate, ``held``.

    Neighbours in a video are alike, so whole recordings are held out where there are at least
    ``RECORDINGS``, in an order that a hash of their names and the seed gives. Else the last
    units of each recording are, and where none has two, one whole recording. Images that
    belong to no recording are chosen by a hash.

    Args:
        pool (Pool): All of it.
        section (Mapping, optional): ``active_learning.validation``; None: nothing is held out.
        labeled (bool): Whether labels of the file start the experiment. A share of them is
            held out then, and of recordings without labels a share of the units.
        seed (int): Of the experiment.

    Raises:
        ValueError: The pool is too small to be divided.
    """
    if section is None:
        return pool
    known = np.ones(len(pool.units), bool)
    if labeled:
        known = np.isin(pool.units, list(pool.labeled_units()))
    others = ~known & ~np.isin(pool.sequences, pool.sequences[known])
    chosen = np.zeros(len(pool.units), bool)
    for part in (known, others):
        chosen |= _part(pool, part, section['share'], seed)
    if not chosen[known].any():
        chosen |= _one_recording(pool, known, seed)
    if not chosen[known].any() or chosen.all():
        raise ValueError(
            f'{pool.path}: active_learning.validation holds out a part of the '
            f'{"labelled " * labeled}{pool.unit}, and {int(known.sum())} cannot be divided. '
            + ('Label one more' if labeled else 'Give a larger pool')
            + ', or leave validation out (`mmpose-al new ... --val none` in a project)'
        )
    return pool._replace(held=frozenset(pool.units[chosen].tolist()))


def _part(pool: Pool, part: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Which units a share of some units holds out, bool (U, )."""
    chosen = np.zeros(len(part), bool)
    numbers = np.unique(pool.sequences[part]).tolist()
    names = [pool.recordings[number] for number in numbers]
    if len(numbers) >= RECORDINGS and None not in names:
        wanted = share * part.sum()
        order = sorted(numbers, key=lambda n: _hash(seed, pool.recordings[n]))
        for number in order[:-1]:  # one is left for training
            if (chosen & part).sum() >= wanted:
                break
            chosen |= pool.sequences == number
        return chosen
    for number, name in zip(numbers, names):
        mine = part & (pool.sequences == number)
        if name is None:
            chosen |= _scattered(pool, mine, share, seed)
        else:
            chosen |= _last(pool, mine, share)
    return chosen


def _one_recording(pool: Pool, part: np.ndarray, seed: int) -> np.ndarray:
    """The whole of one recording of those of some units, where there are several."""
    numbers = np.unique(pool.sequences[part]).tolist()
    named = [n for n in numbers if pool.recordings[n] is not None]
    if len(named) < 2:
        return np.zeros(len(part), bool)
    first: np.ndarray = pool.sequences == min(named, key=lambda n: _hash(seed, pool.recordings[n]))
    return first


def _hash(seed: int, name: Optional[str]) -> str:
    return sha256(f'{seed}:{name}'.encode())


def _last(pool: Pool, mine: np.ndarray, share: float) -> np.ndarray:
    """The last units of a recording, and what lies in time between them."""
    times = np.unique(pool.times[mine])
    if len(times) < 2:
        return np.zeros(len(mine), bool)
    first = times[-max(1, round(share * len(times)))]
    same = pool.sequences == pool.sequences[np.flatnonzero(mine)[0]]
    return same & (pool.times >= first) & (pool.times <= times[-1])


def _scattered(pool: Pool, mine: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Units that belong to no recording, images as a whole, by a hash."""
    image_of = {a['id']: a['image_id'] for a in pool.data['annotations']}
    units = pool.units.tolist()
    images = np.array([image_of[u] if pool.unit == 'instances' else u for u in units], np.int64)
    every = np.unique(images[mine])
    if len(every) < 2:
        return np.zeros(len(mine), bool)
    draws = keyed_uniforms(every, 'validation', seed)
    first = every[np.lexsort((every, draws))[: max(1, round(share * len(every)))]]
    return mine & np.isin(images, first)


def validation_asked(
    pool: Pool,
    share: Optional[float],
    labeled: Sequence[int],
    budget: int,
    seed: int,
    among: Optional[Collection[int]] = None,
) -> List[int]:
    """Units of a query that validate, drawn at random; the others are the strategy's to choose.

    So many that the share holds for all that is answered so far and now. At least one unit of
    the query is left for training.

    Args:
        pool (Pool): With what is held out.
        share (float, optional): Of all answers; None: there is no validation.
        labeled (Sequence[int]): What is answered.
        budget (int): Units of the query.
        seed (int): Of the experiment.
        among (Collection[int], optional): Units that may be drawn; all by default.
    """
    if share is None:
        return []
    answered = set(labeled)
    free = pool.held - answered
    if among is not None:
        free &= set(among)
    wanted = math.ceil(share * (len(answered) + budget) - 1e-9) - len(answered & pool.held)
    ids = np.array(sorted(free), np.int64)
    draws = keyed_uniforms(ids, 'validation', seed)
    number = max(0, min(wanted, budget - 1, len(ids)))
    return sorted(int(i) for i in ids[np.lexsort((ids, draws))[:number]])


def counts(held: FrozenSet[int], labeled: Sequence[int]) -> Dict[str, int]:
    """What a stage notes: ``validation``, labelled units that validate; nothing without any."""
    return dict(validation=len(held & set(labeled))) if held else {}
