"""Where the joints of a skeleton's template are drawn, so that people recognise it."""

from itertools import combinations
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from ...datasets.joint_sides import joint_side, plain_name, without_side

Edges = Sequence[Tuple[int, int]]

#: Half a person who faces us: x from the middle outwards and y downwards, 0 to 100.
_PERSON = dict(
    nose=(0, 12),
    eye=(4, 8),
    ear=(9, 11),
    head=(0, 3),
    neck=(0, 21),
    thorax=(0, 25),
    shoulder=(15, 25),
    elbow=(26, 40),
    wrist=(34, 54),
    hand=(37, 60),
    spine=(0, 40),
    pelvis=(0, 53),
    hip=(10, 54),
    knee=(12, 74),
    ankle=(13, 93),
    foot=(16, 98),
)
_TOPS = ('nose', 'snout', 'head', 'neck')  # where a figure begins


def layout(
    names: Sequence[str], edges: Edges, poses: Optional[np.ndarray] = None
) -> List[List[float]]:
    """Places of joints in a square from 0 to 100, y downwards.

    The mean pose where it has no more crossed limbs than a plain figure: a person who faces us
    if all joints have names of a person's, else a tree that grows downwards.

    Args:
        names (Sequence[str]): Of the joints.
        edges (Sequence): Pairs of joints, from 0.
        poses (ndarray, optional): Whole poses, (N, K, 2), each from 0 to 1 in its box.
    """
    pairs = sorted({(min(e), max(e)) for e in edges if e[0] != e[1]})
    plain = _person(names)
    if plain is None:
        plain = _tree(names, pairs)
    chosen = plain
    if poses is not None and len(poses):
        mean = np.clip(np.mean(poses, 0) * 90 + 5, 1, 99)
        if crossings(mean, pairs) <= crossings(plain, pairs):
            chosen = mean
    return chosen.round(2).tolist()


def crossings(places: np.ndarray, edges: Edges) -> int:
    """How many limbs cross, or lead through a joint that is not theirs."""
    count = 0
    for (a, b), (c, d) in combinations(edges, 2):
        if len({a, b, c, d}) == 4:
            p, q, r, s = (places[i] for i in (a, b, c, d))
            count += _side(p, q, r) * _side(p, q, s) < 0 and _side(r, s, p) * _side(r, s, q) < 0
    for a, b in edges:
        for other in range(len(places)):
            count += other not in (a, b) and _between(places[a], places[b], places[other])
    return count


def _side(first: np.ndarray, second: np.ndarray, point: np.ndarray) -> float:
    """On which side of a line a point is, -1, 0 or 1."""
    (x, y), (u, v) = second - first, point - first
    cross = x * v - y * u
    return 0.0 if abs(cross) < 1e-9 else float(np.sign(cross))


def _between(first: np.ndarray, second: np.ndarray, point: np.ndarray) -> bool:
    """Whether a point is on a limb."""
    along = second - first
    part = np.dot(point - first, along) / max(np.dot(along, along), 1e-12)
    return 0 < part < 1 and bool(np.linalg.norm(first + part * along - point) < 1)


def _person(names: Sequence[str]) -> Optional[np.ndarray]:
    """A person who faces us; None where a joint is none of a person's."""
    places = []
    for name in names:
        known = _PERSON.get(without_side(name).lower())
        if known is None or (known[0] > 0) != (joint_side(name) is not None):
            return None
        # Whoever faces us has the right hand at our left.
        places.append((50 + known[0] * (1 if joint_side(name) == 'left' else -1), known[1]))
    return np.array(places, np.float64) if len(set(places)) == len(names) else None


# ---- a tree --------------------------------------------------------------------------


def _tree(names: Sequence[str], edges: Edges) -> np.ndarray:
    """A tree that grows downwards from the head: its own limbs never cross.

    Limbs that close a circle may. Then brothers change places as long as fewer cross.
    """
    children = _spanning_forest(names, edges)
    places = _placed(children)
    best = crossings(places, edges)
    for _ in range(len(names) if best else 0):
        before = best
        for brothers in children.values():
            for i, j in combinations(range(len(brothers)), 2):
                brothers[i], brothers[j] = brothers[j], brothers[i]
                moved = _placed(children)
                count = crossings(moved, edges)
                if count < best:
                    places, best = moved, count
                else:
                    brothers[i], brothers[j] = brothers[j], brothers[i]
        if not best or best == before:
            break
    return places


def _spanning_forest(names: Sequence[str], edges: Edges) -> Dict[int, List[int]]:
    """Joint -> those that hang on it; -1 -> where each tree begins."""
    near: Dict[int, List[int]] = {joint: [] for joint in range(len(names))}
    for a, b in edges:
        near[a].append(b)
        near[b].append(a)
    side = {'right': 0, None: 1, 'left': 2}
    order = sorted(near, key=lambda k: (side[joint_side(names[k])], k))
    tops = {top: place for place, top in enumerate(_TOPS)}
    words = {k: min((tops.get(w, 9) for w in plain_name(names[k])), default=9) for k in near}
    children: Dict[int, List[int]] = {joint: [] for joint in near}
    children[-1], seen = [], set()
    for top in sorted(near, key=lambda k: (not near[k], words[k], -len(near[k]), k)):
        if top in seen:
            continue
        children[-1].append(top)
        seen.add(top)
        waiting = [top]
        for joint in waiting:
            new = [k for k in order if k in near[joint] and k not in seen]
            children[joint] += new
            waiting += new
            seen.update(new)
    return children


def _placed(children: Dict[int, List[int]]) -> np.ndarray:
    """Each joint above the middle of what hangs on it."""
    places = np.zeros((len(children) - 1, 2))
    free = 0

    def put(joint: int, depth: int) -> float:
        nonlocal free
        below = [put(child, depth + 1) for child in children[joint]]
        if not below:
            free += 1
            below = [float(free)]
        x = (below[0] + below[-1]) / 2
        if joint >= 0:
            places[joint] = x, depth
        return x

    put(-1, -1)
    low, high = places.min(0), places.max(0)
    middle = np.where(high > low, (places - low) / np.maximum(high - low, 1e-9), 0.5)
    return middle * 90 + 5
