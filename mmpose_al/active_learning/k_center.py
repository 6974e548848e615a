"""Greedy k-centre over points (CoreSet; Sener18; Feng23, Eq. 6, 7).

A unit's distance to the nearest centre can only shrink when it meets more of them, so what
it has so far is an upper bound. First all units get a bound from a few of the centres: of
features from a sample of them, of poses from those in their neighbourhood (``approach``).
Then only the units whose bound is among the largest meet all centres (:class:`Farthest`).
So the picks are exact, and most units never meet most centres.
"""

from contextlib import contextmanager
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

_AT_ONCE = 2**18  # numbers in an operation: still in the cache
_TILE = 2**15  # numbers of one coordinate of units that meet many centres at once
_PRODUCTS = 2**22  # numbers of a matrix of distances
_ACTIVE = 2**10  # units that are looked at together, of features
_TOGETHER = 2**9  # units that catch up with the centres together
_DIRECT = 8  # centres that features meet without a matrix product
_SAMPLE = 4  # times the root of the number of centres: features meet so many at first
FEW = 64  # centres that every unit meets: with so few nothing is won
# Units at once are a multiple of this, the longest that a vector unit sums at once: a
# rest would be summed in another order, and equal poses would differ by a bit.
_LANES = 64


class Block(NamedTuple):
    """Some units in memory of their own, of poses their parts before them.

    Attributes:
        units (Tensor): Ids, (n, ).
        points (tuple[Tensor]): D coordinates over P, so that the sum over the parts is
            a mean, each (P, n); of features one, (n, F).
        known (Tensor, optional): bool (P, n); None: all.
    """

    units: Tensor
    points: Tuple[Tensor, ...]
    known: Optional[Tensor] = None


class Cover:
    """How far each unit is from the nearest centre; memory O(U).

    Attributes:
        nearest (Tensor): Distances, or bounds from above, float32 (U, ); infinity at first.
        active (int): How many units are worth being looked at together.
    """

    nearest: Tensor
    active: int

    def block(self, units: np.ndarray) -> Block:
        """A copy of units."""
        raise NotImplementedError

    def meet(self, block: Block, centers: Sequence[int]) -> None:
        """Units meet centres; the distance to each is the same whatever it is measured with."""
        raise NotImplementedError

    def approach(self, centers: Sequence[int]) -> None:
        """Bound the distance of every unit to the nearest of many centres from above."""
        raise NotImplementedError

    def add(self, index: int) -> None:
        """Unit ``index`` becomes a centre."""
        self.add_many([index])

    def add_many(self, indices: Sequence[int]) -> None:
        """Several centres; each block of units stays in the cache for all of them."""
        for start in range(0, len(self.nearest), self.active):
            units = np.arange(start, min(start + self.active, len(self.nearest)))
            self.meet(self.block(units), indices)


class PoseCover(Cover):
    """The distance is the mean over the parts that both know of the Euclidean distance.

    It is infinity without a common part.

    Args:
        points (ndarray): Shape (U, P, D); NaN where a part is not known.
    """

    def __init__(self, points: np.ndarray):
        units, self.parts, axes = points.shape
        self.active = self.count(_TILE)
        self.nearest = torch.full((units,), float('inf'))
        self.points = torch.empty((axes, self.parts, units))
        known = torch.ones((self.parts, units), dtype=torch.bool)
        for start in range(0, units, _TILE):  # never a second copy of all
            part = slice(start, start + _TILE)
            chunk = torch.from_numpy(points[part]).float()
            known[:, part] = ~chunk.isnan().any(2).T
            self.points[..., part] = chunk.nan_to_num_().permute(2, 1, 0) / self.parts
        self.known = None if bool(known.all()) else known
        self._memory: Dict[tuple, Tuple[Tensor, Tensor]] = {}  # used again and again

    def count(self, numbers: int) -> int:
        """How many units have so many numbers of a coordinate, a multiple of ``_LANES``."""
        return max(_LANES, numbers // self.parts // _LANES * _LANES)

    def block(self, units: np.ndarray) -> Block:
        """A copy of units; the last one fills it up to a multiple of ``_LANES``."""
        rows = torch.from_numpy(np.r_[units, np.repeat(units[-1:], -len(units) % _LANES)])
        points = self.points[..., rows]
        return Block(
            rows, tuple(points.unbind(0)), None if self.known is None else self.known[:, rows]
        )

    def centers(self, indices: Sequence[int], units: int) -> List[Block]:
        """Units as centres, (M, P, 1), as many in one as are worth it for so many units."""
        step = max(1, _AT_ONCE // (units * self.parts))
        result = []
        for start in range(0, len(indices), step):
            rows = torch.as_tensor(indices[start : start + step])
            points = tuple(self.points[..., rows].transpose(1, 2)[..., None].unbind(0))
            known = None if self.known is None else self.known[:, rows].T[..., None]
            result.append(Block(rows, points, known))
        return result

    def approach(self, centers: Sequence[int]) -> None:
        """Units meet the centres that are nearest to the same few of them."""
        indices = np.asarray(centers)
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
            for start in range(0, len(units), self.active) if own else ():
                self.meet(self.block(np.sort(units[start : start + self.active])), own)

    def meet(self, block: Block, centers: Sequence[int]) -> None:
        """Units meet centres."""
        nearest = self.nearest[block.units]
        for some in self.centers(centers, len(block.units)):
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


class FeatureCover(Cover):
    """The distance is the Euclidean one.

    Many centres are met by one matrix product, |u - c|² = |u|² + |c|² - 2 u·c. Rounding takes
    some of it, so the distances to all centres that could be the nearest are measured again.

    Args:
        points (ndarray): Shape (U, 1, F); NaN where a unit is not known. Not changed, and not
            copied if float32 and known.
    """

    def __init__(self, points: np.ndarray):
        flat = np.ascontiguousarray(points[:, 0], np.float32)
        with np.errstate(invalid='ignore', over='ignore'):
            odd = np.flatnonzero(~np.isfinite(flat.sum(1)))
        if len(odd):
            flat = flat.copy()
            flat[odd] = np.nan_to_num(flat[odd])
        self.flat, self.points = flat, torch.from_numpy(flat)
        self.nearest = torch.full((len(flat),), float('inf'))
        self.active = _ACTIVE
        some = flat[:: -(-len(flat) // _ACTIVE)]
        self.middle = some.mean(0) if len(flat) else np.zeros(flat.shape[1], np.float32)

    def block(self, units: np.ndarray) -> Block:
        """A copy of units."""
        rows = torch.from_numpy(units)
        return Block(rows, (self.points[rows],))

    def approach(self, centers: Sequence[int]) -> None:
        """Units meet a sample of the centres."""
        indices = np.asarray(centers)
        few = max(FEW, int(_SAMPLE * len(indices) ** 0.5))
        chosen = indices[:: -(-len(indices) // few)]
        step = max(1, _PRODUCTS // len(chosen))
        for start in range(0, len(self.flat), step):
            squares, rounding = self._squares(self.flat[start : start + step], chosen)
            bound = torch.from_numpy(np.sqrt(np.maximum(squares.min(1) + rounding, 0)))
            part = self.nearest[start : start + step]
            torch.minimum(part, bound, out=part)

    def meet(self, block: Block, centers: Sequence[int]) -> None:
        """Units meet centres, few of them one by one."""
        nearest, own = self.nearest[block.units], block.points[0]
        if len(centers) <= _DIRECT:
            for center in centers:
                distance = torch.linalg.vector_norm(own - self.points[center], dim=1)
                torch.minimum(nearest, distance, out=nearest)
        else:
            step = max(1, _PRODUCTS // len(centers))
            for start in range(0, len(own), step):
                self._meet_many(own[start : start + step], centers, nearest[start : start + step])
        self.nearest[block.units] = nearest

    def _meet_many(self, own: Tensor, centers: Sequence[int], nearest: Tensor) -> None:
        """Lower ``nearest`` (n, ) of units (n, F) by what it is to the centres."""
        indices = np.asarray(centers)
        squares, rounding = self._squares(own.numpy(), indices)
        unit, center = np.nonzero(squares <= (squares.min(1) + 4 * rounding)[:, None])
        step = max(1, _AT_ONCE // own.shape[1])
        for start in range(0, len(unit), step):
            rows = torch.from_numpy(unit[start : start + step])
            others = torch.from_numpy(indices[center[start : start + step]])
            distance = torch.linalg.vector_norm(own[rows] - self.points[others], dim=1)
            nearest.scatter_reduce_(0, rows, distance, 'amin')

    def _squares(self, units: np.ndarray, centers: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Squared distances (n, M) of units (n, F), and how far rounding moves each row (n, )."""
        units, others = units - self.middle, self.flat[centers] - self.middle
        own, far = np.einsum('uf,uf->u', units, units), np.einsum('cf,cf->c', others, others)
        squares = units @ others.T
        squares *= -2
        squares += far
        squares += own[:, None]
        rounding = 2 * (units.shape[1] + 4) * np.finfo(np.float32).eps * (own + far.max())
        return squares, rounding


class Farthest:
    """The farthest unit from all centres, again and again, without measuring all.

    The distance of a unit so far is an upper bound. The units whose bounds are the largest
    are looked at: they meet all centres. As long as one of them is as far as the smallest of
    these bounds, the farthest of all is among them; then the next ones are looked at.

    Args:
        cover (Cover): With the centres so far.
        allowed (ndarray): Units that may be asked for, bool (U, ).
        centers (Sequence[int]): Centres that the cover has only been bounded by.
    """

    def __init__(self, cover: Cover, allowed: np.ndarray, centers: Sequence[int] = ()):
        self.cover, self.nearest = cover, cover.nearest.numpy()
        self.old: List[int] = list(centers)
        self.new: List[int] = []
        num = len(self.nearest)
        # Which units have met the old ones, and how many of the new ones.
        self.met_old, self.met_new = np.full(num, not self.old), np.zeros(num, np.int64)
        self.allowed = np.flatnonzero(allowed)
        self.units, self.block = self.allowed[:0], cover.block(self.allowed[:0])
        self.least = np.float32(np.inf)  # no unit but those looked at is as far as that

    def add(self, index: int) -> None:
        """Unit ``index`` becomes a centre."""
        self.new.append(index)

    def find(self, free: np.ndarray) -> Optional[Tuple[int, float]]:
        """The farthest of the free units, the first of equals, and how far it is.

        Args:
            free (ndarray): Which may still be picked, bool (U, ); never more than
                before.

        Returns:
            tuple: Index and distance; None where no unit is left.
        """
        while True:
            far = self._look(free)
            if far.max(initial=-np.inf) >= self.least:
                place = int(np.argmax(far))
                return int(self.units[place]), float(far[place])
            if not self._next(free):
                return None

    def _look(self, free: np.ndarray) -> np.ndarray:
        """How far the units are that are looked at, -inf where not free."""
        if len(self.units):
            self.cover.meet(self.block, self.new[self.met_new[self.units[0]] :])
            self.met_new[self.units] = len(self.new)
        far = np.where(free[self.units], self.nearest[self.units], -np.inf)
        as_far = far >= self.least
        if 2 * as_far.sum() < len(far):  # the others are not looked at any more
            self.units, far = self.units[as_far], far[as_far]
            self.block = self.cover.block(self.units)
        return far

    def _next(self, free: np.ndarray) -> bool:
        """Look at the units whose bounds are the largest; False where none is left."""
        self.allowed = self.allowed[free[self.allowed]]
        if not len(self.allowed):
            return False
        bound = self.nearest[self.allowed]
        place = max(0, len(bound) - self.cover.active)
        self.least = np.partition(bound, place)[place]
        units = self.allowed[bound >= self.least]
        # New centres first: where there are some, the old ones are mostly farther off.
        for some in _together(units, self.met_new):
            self.cover.meet(self.cover.block(some), self.new[self.met_new[some].min() :])
        self.met_new[units] = len(self.new)
        self.units = units[self.nearest[units] >= self.least]
        others = self.units[~self.met_old[self.units]]
        for some in _together(others, self.met_old):
            self.cover.meet(self.cover.block(some), self.old)
        self.met_old[others] = True
        self.block = self.cover.block(self.units)
        return True


def _together(units: np.ndarray, met: np.ndarray) -> List[np.ndarray]:
    """Units in parts that have met about as many centres."""
    order = units[np.argsort(met[units], kind='stable')]
    return [np.sort(order[i : i + _TOGETHER]) for i in range(0, len(order), _TOGETHER)]


@contextmanager
def one_thread() -> Iterator[None]:
    """In it PyTorch computes with one thread.

    What k-centre does is many small operations. Threads that share them wait for each other at
    the end of each, on a busy machine most of the time, and win little on another one.
    """
    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(usual)


def cover_of(points: np.ndarray) -> Cover:
    """A cover of poses (U, P, D), or of features (U, 1, F), without centres."""
    return FeatureCover(points) if points.shape[1] == 1 else PoseCover(points)


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
