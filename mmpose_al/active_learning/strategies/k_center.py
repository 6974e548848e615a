"""Greedy k-centre over poses or features (CoreSet; Sener18; Feng23, Eq. 6, 7).

Every unit meets every labelled centre once, in blocks that stay in the processor's
cache (:class:`Cover`). After that, a unit's distance can only shrink, so an old one is
an upper bound, and only units that could be the farthest meet the new centres
(:class:`Farthest`). Both are exact.
"""

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from torch import Tensor

from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .base import Constraints, QueryStrategy, Selection

_AT_ONCE = 2**18  # numbers in an operation: worth two threads, and still in their cache
_TILE = 2**15  # numbers of one coordinate of units that meet many centres at once
_GROUP = 2**16  # the same of units that meet one
# Units at once are a multiple of this, the longest that a vector unit sums at once: a
# rest would be summed in another order, and equal poses would differ by a bit.
_LANES = 64


class Block(NamedTuple):
    """Some units in memory of their own, their parts before them.

    Attributes:
        units (Tensor): Ids, (n, ).
        points (tuple[Tensor]): D coordinates over P, so that the sum over the parts is
            a mean, each (P, n); of features one, (n, F).
        known (Tensor, optional): bool (P, n); None: all.
    """

    units: Tensor
    points: Tuple[Tensor, ...]
    known: Optional[Tensor]


class Cover:
    """How far each unit is from the nearest centre; memory O(U).

    The distance is the mean over the parts that both know of the Euclidean distance,
    infinity without a common part; of features the Euclidean distance.

    Args:
        points (ndarray): Shape (U, P, D); NaN where a part is not known. With one part
            (features) P is 1.
    """

    def __init__(self, points: np.ndarray):
        units, parts, axes = points.shape
        self.one_part = parts == 1
        self.numbers = axes if self.one_part else parts  # of a coordinate of a unit
        self.nearest = torch.full((units,), float('inf'))
        self.points = torch.empty((1, units, axes) if self.one_part else (axes, parts, units))
        known = torch.ones((parts, units), dtype=torch.bool)
        for start in range(0, units, _TILE):  # never a second copy of all
            part = slice(start, start + _TILE)
            chunk = torch.from_numpy(points[part]).float()
            known[:, part] = ~chunk.isnan().any(2).T
            chunk = chunk.nan_to_num_()
            if self.one_part:
                self.points[0, part] = chunk[:, 0]
            else:
                self.points[..., part] = chunk.permute(2, 1, 0) / parts
        self.known = None if self.one_part or bool(known.all()) else known
        self._memory: Dict[tuple, Tuple[Tensor, Tensor]] = {}  # used again and again

    def count(self, numbers: int) -> int:
        """How many units have so many numbers, a multiple of ``_LANES``."""
        return max(_LANES, numbers // self.numbers // _LANES * _LANES)

    def block(self, units: np.ndarray) -> Block:
        """A copy of units; the last one fills it up to a multiple of ``_LANES``."""
        units = torch.from_numpy(np.pad(units, (0, -len(units) % _LANES), 'edge'))
        points = self.points[:, units] if self.one_part else self.points[..., units]
        return Block(units, points.unbind(0), None if self.known is None else self.known[:, units])

    def centers(self, indices: Sequence[int], size: int = 0) -> List[Block]:
        """Units as centres, (M, P, 1) or (M, 1, F), for blocks of ``size`` numbers.

        As many in one as are worth it, by default one each.
        """
        step = max(1, _AT_ONCE // size) if size else 1
        result = []
        for start in range(0, len(indices), step):
            units = torch.as_tensor(indices[start : start + step])
            if self.one_part:
                points = (self.points[0][units, None],)
            else:
                points = self.points[..., units].transpose(1, 2)[..., None].unbind(0)
            known = None if self.known is None else self.known[:, units].T[..., None]
            result.append(Block(units, points, known))
        return result

    def add(self, index: int) -> None:
        """Unit ``index`` becomes a centre."""
        self.add_many([index])

    def add_many(self, indices: Sequence[int]) -> None:
        """Several centres; each block of units stays in the cache for all of them."""
        size = self.count(_TILE)
        centers = self.centers(indices, size * self.numbers)
        for start in range(0, len(self.nearest), size):
            units = np.arange(start, min(start + size, len(self.nearest)))
            self.meet(self.block(units), centers)

    def meet(self, block: Block, centers: Sequence[Block]) -> None:
        """Units meet centres."""
        nearest = self.nearest[block.units]
        for some in centers:
            distance = self._distances(block, some)
            torch.minimum(nearest, distance.amin(0), out=nearest)
        self.nearest[block.units] = nearest

    def _distances(self, block: Block, centers: Block) -> Tensor:
        """Of a block to some centres, (M, n)."""
        own, others = block.points, centers.points
        shape = (len(others[0]),) + own[0].shape
        if shape not in self._memory:
            self._memory[shape] = torch.empty(shape), torch.empty(shape)
        total, difference = self._memory[shape]
        if self.one_part:
            torch.sub(own[0], others[0], out=difference)
            return torch.linalg.vector_norm(difference, dim=2)
        torch.sub(own[0], others[0], out=total)
        total.mul_(total)
        for one, other in zip(own[1:], others[1:]):
            torch.sub(one, other, out=difference)
            total.addcmul_(difference, difference)
        total.sqrt_()
        if block.known is None:
            return total.sum(1)
        common = block.known & centers.known
        share = common.sum(1) / common.shape[1]
        mean = total.mul_(common).sum(1).div_(share)
        return mean.masked_fill_(share == 0, float('inf'))


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
        size = cover.count(_GROUP)
        self.groups = [np.sort(units[start : start + size]) for start in range(0, len(units), size)]
        self.bound = np.array([self.nearest[units].max() for units in self.groups])
        self.seen = np.zeros(len(self.groups), np.int64)  # new centres
        self.centers: List[Block] = []
        self.blocks: Dict[int, Block] = {}

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
        while self.bound.max(initial=-np.inf) > -np.inf:
            top = self.bound.max()
            found = [self._farthest_of(group, free) for group in np.flatnonzero(self.bound == top)]
            if self.bound.max() == top:
                return min(i for i, far in found if far == top), float(top)
        return None

    def _farthest_of(self, group: int, free: np.ndarray) -> Tuple[int, float]:
        """The farthest free unit of a group that has met all centres."""
        units, new = self.groups[group], self.centers[self.seen[group] :]
        if new:
            if group not in self.blocks:
                self.blocks[group] = self.cover.block(units)
            self.cover.meet(self.blocks[group], new)
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

    def pick(self, pool: PoolStatistics, budget: int, constraints: Constraints) -> Selection:
        """Greedy k-centre; utilities are the distances at the time of the pick."""
        points = self.describe(pool)
        failed = np.isnan(points).any(-1).all(1)
        ids, worth = [], []

        def take(index: int, utility: float) -> None:
            ids.append(int(pool.units[index]))
            worth.append(utility)
            constraints.take(index)

        for index in np.flatnonzero(failed):
            if len(ids) >= budget:
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
        gap = np.nansum((points - mean) ** 2, (1, 2))
    return int(np.argmin(np.where(free, gap, np.inf)))


def root_aligned(points: np.ndarray, root: Tuple[int, ...]) -> np.ndarray:
    """Poses (U, K, 3) about the mean of their root joints (Feng23, Eq. 6).

    All NaN where a root joint is not known.
    """
    return points - points[:, list(root)].mean(1, keepdims=True)


class _AboutRoot(KCenter):
    """Poses relative to a root joint, or to the mean of several."""

    def __init__(self, root: Union[int, Sequence[int]], **kwargs):
        super().__init__(**kwargs)
        self.root = (root,) if isinstance(root, int) else tuple(root)

    def check_joints(self, num: int) -> None:
        """See :class:`QueryStrategy`."""
        if not all(0 <= joint < num for joint in self.root):
            raise ValueError(
                f'{type(self).__name__}: root {self.root} names a joint '
                f'beyond the {num} that the network predicts'
            )


@QUERY_STRATEGIES.register_module()
class CoreSetPoses(_AboutRoot):
    """k-centre over triangulated, root-aligned poses (Feng23, Eq. 6, 7).

    The distance is the mean over keypoints of the Euclidean distance. Of several
    persons in a frame the first counts.

    Args:
        root (int | Sequence[int]): The root joint, or joints whose mean it is, e.g. the
            hips (11, 12) of COCO.
        kwargs: See :class:`QueryStrategy`.
    """

    needs = ('cameras',)

    def describe(self, pool: PoolStatistics) -> np.ndarray:
        """Poses (U, K, 3), NaN where there is none."""
        groups = pool.groups
        joints = groups.points.shape[1]
        self.check_joints(joints)
        poses = np.full((len(pool.units), joints, 3), np.nan)
        first = np.unique(pool.group_unit, return_index=True)[1]
        poses[pool.group_unit[first]] = root_aligned(groups.points[first], self.root)
        return poses


@QUERY_STRATEGIES.register_module()
class CoreSetPoses2D(_AboutRoot):
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
        super().__init__(root, **kwargs)
        self.min_score = min_score

    def describe(self, pool: PoolStatistics) -> np.ndarray:
        """Poses (U, K, 2), NaN where there is none."""
        first = np.unique(pool.view_unit, return_index=True)[1]
        points = pool.views.keypoints[first].astype(np.float64)
        self.check_joints(points.shape[1])
        points[pool.views.scores[first] < self.min_score] = np.nan
        points = root_aligned(points, self.root)
        with np.errstate(invalid='ignore'):
            extent = np.nanmax(points, 1, initial=-np.inf, where=~np.isnan(points)) - (
                np.nanmin(points, 1, initial=np.inf, where=~np.isnan(points))
            )
        size = np.linalg.norm(extent, axis=1)[:, None, None]
        poses = np.full((len(pool.units),) + points.shape[1:], np.nan)
        poses[pool.view_unit[first]] = points / np.where(size > 0, size, np.nan)
        return poses


@QUERY_STRATEGIES.register_module()
class CoreSetFeatures(KCenter):
    """k-centre over pooled backbone features (Sener18), averaged over the views."""

    needs = ('features',)

    def describe(self, pool: PoolStatistics) -> np.ndarray:
        """Features (U, 1, F)."""
        features = pool.views.features.astype(np.float64)
        if not features.shape[1]:
            raise ValueError(
                'CoreSetFeatures needs features, but the scores hold none; score the '
                'pool again with this strategy in the config'
            )
        total = np.zeros((len(pool.units), features.shape[1]))
        np.add.at(total, pool.view_unit, features)
        count = np.bincount(pool.view_unit, minlength=len(pool.units))[:, None]
        with np.errstate(invalid='ignore'):
            return np.where(count > 0, total / np.maximum(count, 1), np.nan)[:, None]
