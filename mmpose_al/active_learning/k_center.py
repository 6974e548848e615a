"""Greedy k-centre over points (CoreSet; Sener18; Feng23, Eq. 6, 7).

A unit's distance to the nearest centre can only shrink when it meets more of them, so what
it has so far is an upper bound. First all units get one that is nearly tight: of features by
one matrix product, of poses from the labelled ones in their neighbourhood
(:meth:`Cover.approach`). Then only units that could be the farthest meet all centres
(:class:`Farthest`). So the picks are exact, and most units never meet most centres.
"""

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

_AT_ONCE = 2**18  # numbers in an operation: worth two threads, and still in their cache
_TILE = 2**15  # numbers of one coordinate of units that meet many centres at once
_GROUP = 2**16  # the same of units that meet one
_PRODUCTS = 2**22  # numbers of a matrix of distances
FEW = 64  # centres that every unit meets: with so few nothing is won
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
        rows = torch.from_numpy(np.pad(units, (0, -len(units) % _LANES), 'edge'))
        points = self.points[:, rows] if self.one_part else self.points[..., rows]
        return Block(
            rows, tuple(points.unbind(0)), None if self.known is None else self.known[:, rows]
        )

    def centers(self, indices: Sequence[int], size: int = 0) -> List[Block]:
        """Units as centres, (M, P, 1) or (M, 1, F), for blocks of ``size`` numbers.

        As many in one as are worth it, by default one each.
        """
        step = max(1, _AT_ONCE // size) if size else 1
        result = []
        for start in range(0, len(indices), step):
            units = torch.as_tensor(indices[start : start + step])
            points: Tuple[Tensor, ...]
            if self.one_part:
                points = (self.points[0][units, None],)
            else:
                points = tuple(self.points[..., units].transpose(1, 2)[..., None].unbind(0))
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

    def approach(self, indices: Sequence[int]) -> None:
        """Bound the distance of every unit to the nearest of many centres from above."""
        if self.one_part:
            self._approach_by_products(np.asarray(indices))
        else:
            self._approach_by_neighbourhoods(np.asarray(indices))

    def _approach_by_products(self, indices: np.ndarray) -> None:
        """|u - c|² = |u|² + |c|² - 2 u·c, and at most what rounding can have taken from it."""
        points = self.points[0].numpy()
        middle = points[indices].mean(0)
        centers = points[indices] - middle
        squares = np.einsum('cf,cf->c', centers, centers)
        rounding = 2 * (points.shape[1] + 4) * np.finfo(np.float32).eps
        step = max(1, _PRODUCTS // len(indices))
        for start in range(0, len(points), step):
            units = points[start : start + step] - middle
            own = np.einsum('uf,uf->u', units, units)
            least = (squares - 2 * (units @ centers.T)).min(1) + own
            least += rounding * (own + squares.max())
            bound = torch.from_numpy(np.sqrt(np.maximum(least, 0)))
            part = self.nearest[start : start + step]
            torch.minimum(part, bound, out=part)

    def _approach_by_neighbourhoods(self, indices: np.ndarray) -> None:
        """Units meet the centres that are nearest to the same few of them."""
        few = max(1, int(len(indices) ** 0.5))
        flat = self.points.permute(2, 0, 1).reshape(len(self.nearest), -1).numpy()
        pivots = flat[indices[:: -(-len(indices) // few)]]
        squares = np.einsum('pf,pf->p', pivots, pivots)
        step = max(1, _PRODUCTS // len(pivots))
        place = np.concatenate(
            [
                (squares - 2 * (flat[start : start + step] @ pivots.T)).argmin(1)
                for start in range(0, len(flat), step)
            ]
        )
        order = np.argsort(place, kind='stable')
        ends = np.searchsorted(place[order], np.arange(len(pivots) + 1))
        of_centers = place[indices]
        for number in range(len(pivots)):
            own = indices[of_centers == number][: 4 * few].tolist()
            units = order[ends[number] : ends[number + 1]]
            size = self.count(_TILE)
            for start in range(0, len(units), size) if own else ():
                some = np.sort(units[start : start + size])
                block = self.block(some)
                self.meet(block, self.centers(own, len(block.units) * self.numbers))

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
        if block.known is None or centers.known is None:
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
        centers (Sequence[int]): Centres that the cover has only been bounded by.
    """

    def __init__(self, cover: Cover, allowed: np.ndarray, centers: Sequence[int] = ()):
        self.cover = cover
        self.nearest = cover.nearest.numpy()
        units = np.flatnonzero(allowed)
        units = units[np.argsort(-self.nearest[units], kind='stable')]
        size = cover.count(_GROUP)
        self.groups = [np.sort(units[start : start + size]) for start in range(0, len(units), size)]
        self.bound = np.array([self.nearest[units].max() for units in self.groups])
        self.seen = np.zeros(len(self.groups), np.int64)  # new centres
        self.centers: List[Block] = cover.centers(centers, size * cover.numbers)
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
            groups = np.flatnonzero(self.bound == top).tolist()
            found = [self._farthest_of(group, free) for group in groups]
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


def start_from(cover: Cover, allowed: np.ndarray, centers: Sequence[int]) -> Farthest:
    """What finds the farthest units from some centres, of which a new cover has none yet.

    Args:
        cover (Cover): Without centres.
        allowed (ndarray): Units that may be asked for, bool (U, ).
        centers (Sequence[int]): The labelled units.
    """
    if len(centers) <= FEW:
        cover.add_many(centers)
        return Farthest(cover, allowed)
    cover.approach(centers)
    return Farthest(cover, allowed, centers)
