"""Greedy k-centre over poses or features (CoreSet; Sener18; Feng23, Eq. 6, 7).

Every unit meets every labelled centre once, in blocks that stay in the processor's
cache (:class:`Cover`). After that, a unit's distance can only shrink, so an old one is an
upper bound, and only units that could be the farthest meet the new centres
(:class:`Farthest`). Both are exact.
"""
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from torch import Tensor

from ...geometry.threads import in_threads, one_thread_each
from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .base import Constraints, QueryStrategy, Selection

# Numbers in an operation: three coordinates, their difference and their squares fit in
# a megabyte of cache.
_AT_ONCE = 2**15
_SHARE = 4  # blocks that a thread takes at once
# Blocks have a multiple of so many units: the longest that a vector unit works on at
# once. A rest would be summed in another order, and equal poses would differ by a bit.
_LANES = 64


def _full(units: Tensor) -> Tensor:
    """Ids of units, the last again until there is a multiple of ``_LANES``."""
    rest = -len(units) % _LANES
    return torch.cat([units, units[-1:].expand(rest)]) if rest else units


class Block(NamedTuple):
    """Some units, their parts first, so that operations run along the units.

    Attributes:
        points (tuple[Tensor]): D coordinates over P, so that the sum over the parts is
            a mean, each (P, n); of features one, (n, F).
        known (Tensor, optional): bool (P, n); None: all.
    """
    points: Tuple[Tensor, ...]
    known: Optional[Tensor]


class Meeting:
    """Distances of blocks to centres, in memory that is used again and again.

    The distance is the mean over the parts that both know of the Euclidean distance,
    infinity without a common part; of features the Euclidean distance.
    """

    def __init__(self):
        self.memory: Dict[tuple, Tuple[Tensor, Tensor, Tensor]] = {}

    def __call__(self, block: Block, centers: Sequence[Block], nearest: Tensor) -> None:
        """Lower ``nearest``, (n, ), to the distance to the nearest centre, in place."""
        first = block.points[0]
        if first.shape not in self.memory:
            self.memory[first.shape] = (torch.empty_like(first), torch.empty_like(first),
                                        torch.empty_like(nearest))
        total, difference, mean = self.memory[first.shape]
        for center in centers:
            if len(block.points) == 1:
                torch.sub(first, center.points[0], out=difference)
                torch.linalg.vector_norm(difference, dim=1, out=mean)
            else:
                torch.sub(first, center.points[0], out=total)
                total.mul_(total)
                for own, other in zip(block.points[1:], center.points[1:]):
                    torch.sub(own, other, out=difference)
                    total.addcmul_(difference, difference)
                total.sqrt_()
                if block.known is None:
                    torch.sum(total, 0, out=mean)
                else:
                    common = block.known & center.known
                    share = common.sum(0) / len(common)
                    torch.sum(total.mul_(common), 0, out=mean)
                    mean.div_(share).masked_fill_(share == 0, float('inf'))
            torch.minimum(nearest, mean, out=nearest)


class Cover:
    """How far each unit is from the nearest centre; memory O(U).

    Args:
        points (ndarray): Shape (U, P, D); NaN where a part is not known. With one part
            (features) P is 1.
    """

    def __init__(self, points: np.ndarray):
        units, parts, axes = points.shape
        self.one_part = parts == 1
        per_unit = axes if self.one_part else parts
        self.size = max(_LANES, _AT_ONCE // per_unit // _LANES * _LANES)
        self.nearest = torch.full((units, ), float('inf'))
        self.points = torch.empty((units, axes) if self.one_part else
                                  (axes, parts, units))
        known = torch.ones((parts, units), dtype=torch.bool)
        for start in range(0, units, self.size):  # never a second copy of all
            part = slice(start, start + self.size)
            chunk = torch.from_numpy(points[part]).float()
            known[:, part] = ~chunk.isnan().any(2).T
            chunk = chunk.nan_to_num()
            if self.one_part:
                self.points[part] = chunk[:, 0]
            else:
                self.points[..., part] = chunk.permute(2, 1, 0) / parts
        self.known = None if self.one_part or bool(known.all()) else known

    def block(self, units) -> Block:
        """The units of a slice, or a copy of those of an index."""
        if self.one_part:
            return Block((self.points[units], ), None)
        return Block(self.points[..., units].unbind(0),
                     None if self.known is None else self.known[:, units])

    def centers(self, indices: Sequence[int]) -> List[Block]:
        """Units one by one."""
        return [self.block(slice(i, i + 1)) for i in indices]

    def add(self, index: int) -> None:
        """Unit ``index`` becomes a centre."""
        self.add_many([index])

    def add_many(self, indices: Sequence[int]) -> None:
        """Several centres; each block of units stays in the cache for all of them."""
        centers = self.centers(indices)

        def work(first: int) -> None:
            meet, end = Meeting(), min(first + _SHARE * self.size, len(self.nearest))
            for start in range(first, end, self.size):
                self.meet(torch.arange(start, min(start + self.size, end)), centers,
                          meet)

        in_threads(work, range(0, len(self.nearest), _SHARE * self.size))

    def meet(self, units: Tensor, centers: List[Block], meet: Meeting,
             block: Optional[Block] = None) -> Block:
        """Some units meet centres; gives their block for another time."""
        units = _full(units)
        block = self.block(units) if block is None else block
        distance = self.nearest[units]
        meet(block, centers, distance)
        self.nearest[units] = distance
        return block


class Farthest:
    """The farthest unit from all centres, again and again, without measuring all.

    Units are sorted by their distance so far, which is an upper bound, into groups. A
    group meets the new centres when its bound is the largest.

    Args:
        cover (Cover): With the centres so far.
        allowed (ndarray): Units that may be asked for, bool (U, ).
    """

    def __init__(self, cover: Cover, allowed: np.ndarray):
        self.cover = cover
        self.nearest = cover.nearest.numpy()
        units = np.flatnonzero(allowed)
        units = units[np.argsort(-self.nearest[units], kind='stable')]
        self.groups = [np.sort(units[start:start + cover.size])
                       for start in range(0, len(units), cover.size)]
        self.bound = np.array([self.nearest[units].max() for units in self.groups])
        self.seen = np.zeros(len(self.groups), np.int64)  # new centres
        self.centers: List[Block] = []
        self.copies: Dict[int, Block] = {}
        self.meet = Meeting()

    def add(self, index: int) -> None:
        """Unit ``index`` becomes a centre."""
        self.centers += self.cover.centers([index])

    def find(self, free: np.ndarray) -> Optional[Tuple[int, float]]:
        """The farthest of the free units, the first of equals, and how far it is.

        Args:
            free (ndarray): Which may still be picked, bool (U, ); never more than
                before.

        Returns:
            tuple: Index and distance; None where no unit is left.
        """
        with one_thread_each():
            while self.bound.max(initial=-np.inf) > -np.inf:
                top = self.bound.max()
                found = [self._farthest_of(group, free)
                         for group in np.flatnonzero(self.bound == top)]
                if self.bound.max() == top:
                    return min(i for i, far in found if far == top), float(top)
        return None

    def _farthest_of(self, group: int, free: np.ndarray) -> Tuple[int, float]:
        """The farthest free unit of a group that has met all centres."""
        units, new = self.groups[group], self.centers[self.seen[group]:]
        if new:
            self.copies[group] = self.cover.meet(
                torch.from_numpy(units), new, self.meet, self.copies.get(group))
            self.seen[group] = len(self.centers)
        worth = np.where(free[units], self.nearest[units], -np.inf)
        place = int(np.argmax(worth))
        self.bound[group] = worth[place]
        return int(units[place]), float(worth[place])


class KCenter(QueryStrategy):
    """Again and again the unit farthest from all labelled and picked ones.

    Units that could not be described (failed) come first, by id. With nothing labelled
    that can be described, the first pick is the unit nearest to the mean.
    """

    def describe(self, pool: PoolStatistics) -> np.ndarray:
        """Parts of each unit, (U, P, D); NaN for what is not known."""
        raise NotImplementedError

    def pick(self, pool: PoolStatistics, budget: int,
             constraints: Constraints) -> Selection:
        """Greedy k-centre; utilities are the distances at the time of the pick."""
        points = self.describe(pool)
        failed = np.isnan(points).any(-1).all(1)
        ids, worth = [], []

        def take(index: int, utility: float) -> None:
            ids.append(int(pool.units[index]))
            worth.append(utility)
            constraints.take(index)

        for index in np.flatnonzero(failed):
            if len(ids) == budget:
                return Selection(ids, worth)
            if constraints.free[index]:
                take(index, float('inf'))
        cover = Cover(points)
        start = np.flatnonzero(pool.labeled & ~failed)
        free = constraints.free & ~failed
        if not len(start) and len(ids) < budget and free.any():
            start = np.array([_most_central(points, free)])
            take(int(start[0]), float('inf'))
        cover.add_many(start.tolist())
        farthest = Farthest(cover, free)
        while len(ids) < budget:
            found = farthest.find(constraints.free)
            if found is None:
                break
            take(*found)
            farthest.add(found[0])
        return Selection(ids, worth)

    def utilities(self, pool: PoolStatistics) -> np.ndarray:
        """Distance to the nearest labelled unit; NaN where a unit failed."""
        points = self.describe(pool)
        failed = np.isnan(points).any(-1).all(1)
        cover = Cover(points)
        cover.add_many(np.flatnonzero(pool.labeled & ~failed).tolist())
        return np.where(failed, np.nan, cover.nearest.numpy().astype(np.float64))


def _most_central(points: np.ndarray, free: np.ndarray) -> int:
    with np.errstate(invalid='ignore'):
        mean = np.nanmean(points[free], 0)
        gap = np.nansum((points - mean)**2, (1, 2))
    return int(np.argmin(np.where(free, gap, np.inf)))


def root_aligned(points: np.ndarray, root: Tuple[int, ...]) -> np.ndarray:
    """Poses (U, K, 3) about the mean of their root joints (Feng23, Eq. 6).

    All NaN where a root joint is not known.
    """
    return points - points[:, list(root)].mean(1, keepdims=True)


@QUERY_STRATEGIES.register_module()
class CoreSetPoses(KCenter):
    """k-centre over triangulated, root-aligned poses (Feng23, Eq. 6, 7).

    The distance is the mean over keypoints of the Euclidean distance. Of several
    persons in a frame the first counts.

    Args:
        root (int | Sequence[int]): The root joint, or joints whose mean it is, e.g. the
            hips (11, 12) of COCO.
        kwargs: See :class:`QueryStrategy`.
    """

    def __init__(self, root: Union[int, Sequence[int]], **kwargs):
        super().__init__(**kwargs)
        self.root = (root, ) if isinstance(root, int) else tuple(root)

    def describe(self, pool: PoolStatistics) -> np.ndarray:
        """Poses (U, K, 3), NaN where there is none."""
        groups = pool.groups
        joints = groups.points.shape[1]
        if max(self.root) >= joints:
            raise ValueError(f'CoreSetPoses: root {self.root} names a joint beyond the '
                             f'{joints} of the pool')
        poses = np.full((len(pool.units), joints, 3), np.nan)
        first = np.unique(pool.group_unit, return_index=True)[1]
        poses[pool.group_unit[first]] = root_aligned(groups.points[first], self.root)
        return poses


@QUERY_STRATEGIES.register_module()
class CoreSetPoses2D(KCenter):
    """k-centre over 2D poses, for single views.

    Keypoints relative to the mean of the root joints, over the length of the diagonal
    of their extent, so that size and place in the image play no part. Of several views
    or persons of a unit the first counts.

    Args:
        root (int | Sequence[int]): As in :class:`CoreSetPoses`.
        min_score (float): Keypoints below it are not known.
        kwargs: See :class:`QueryStrategy`.
    """

    def __init__(self, root: Union[int, Sequence[int]], min_score: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.root = (root, ) if isinstance(root, int) else tuple(root)
        self.min_score = min_score

    def describe(self, pool: PoolStatistics) -> np.ndarray:
        """Poses (U, K, 2), NaN where there is none."""
        first = np.unique(pool.view_unit, return_index=True)[1]
        points = pool.views.keypoints[first].astype(np.float64)
        points[pool.views.scores[first] < self.min_score] = np.nan
        points = root_aligned(points, self.root)
        with np.errstate(invalid='ignore'):
            extent = np.nanmax(points, 1, initial=-np.inf, where=~np.isnan(points)) - (
                np.nanmin(points, 1, initial=np.inf, where=~np.isnan(points)))
        size = np.linalg.norm(extent, axis=1)[:, None, None]
        poses = np.full((len(pool.units), ) + points.shape[1:], np.nan)
        poses[pool.view_unit[first]] = points / np.where(size > 0, size, np.nan)
        return poses


@QUERY_STRATEGIES.register_module()
class CoreSetFeatures(KCenter):
    """k-centre over pooled backbone features (Sener18), averaged over the views."""
    needs = ('features', )

    def describe(self, pool: PoolStatistics) -> np.ndarray:
        """Features (U, 1, F)."""
        features = pool.views.features.astype(np.float64)
        if not features.shape[1]:
            raise ValueError('CoreSetFeatures needs features, but the scores hold none; '
                             'score the pool again with this strategy in the config')
        total = np.zeros((len(pool.units), features.shape[1]))
        np.add.at(total, pool.view_unit, features)
        count = np.bincount(pool.view_unit, minlength=len(pool.units))[:, None]
        with np.errstate(invalid='ignore'):
            return np.where(count > 0, total / np.maximum(count, 1), np.nan)[:, None]
