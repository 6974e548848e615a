"""Frames in which all views agree, whole: which, and what they say (Feng23, Alg. 2)."""

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
import torch

from ...fileio import is_int, short
from ...geometry.cameras import project
from ..pool import Pool
from ..pose_clusters import cluster_poses
from ..registry import SELF_TRAINING
from ..settings import of_round
from ..statistics import PoolStatistics
from ..strategies.multi_view_consistency import consistency_errors
from .base import Chosen, SelfTraining
from .choices import from_clusters, random_of_surest, surest

SCHEDULES = ('alternate', 'once', 'grow', 'constant')
CHOICES = ('surest', 'random', 'clusters')


@SELF_TRAINING.register_module()
class ConsistentFrames(SelfTraining):
    """The frames in which every view is an inlier for every keypoint (Feng23, Alg. 2).

    Their triangulated keypoints, projected into every view, are labels of the next round.
    The defaults are the paper's; its authors' code has ``schedule='once'``,
    ``choice='random'`` or ``'clusters'``, and ``squared=False``.

    Args:
        num (int | list[int]): M, frames after each round, or after the first, the second
            and so on; the last number counts for all later rounds. Of a list some may be 0.
        schedule (str): See :func:`choose_pseudo`.
        min_views (int, optional): See :func:`candidates`; None: all.
        choice (str): See :func:`pick_pseudo`.
        squared (bool): See :func:`candidates`.

    Raises:
        ValueError: A value that cannot be used.
    """

    def __init__(
        self,
        num: Union[int, Sequence[int]],
        schedule: str = 'alternate',
        min_views: Optional[int] = None,
        choice: str = 'surest',
        squared: bool = True,
    ):
        each: List[Any] = list(num) if isinstance(num, (list, tuple)) else [num]
        least = 0 if isinstance(num, (list, tuple)) else 1
        numbers = all(is_int(n) and n >= least for n in each) and any(each)
        numbers = numbers and (min_views is None or (is_int(min_views) and min_views >= 2))
        if not numbers or schedule not in SCHEDULES:
            raise ValueError(
                'active_learning.self_training: num is a whole number, at least 1, or a list '
                f'of them, one a round; schedule is one of {SCHEDULES} and min_views is None '
                f'(all) or a whole number, at least 2; got {short(num)}, {short(schedule)} and '
                f'{short(min_views)}'
            )
        if choice not in CHOICES or not isinstance(squared, bool):
            raise ValueError(
                f'active_learning.self_training: choice is one of {CHOICES} and squared True '
                f'or False; got {short(choice)} and {short(squared)}'
            )
        self.num, self.schedule, self.min_views = num, schedule, min_views
        self.choice, self.squared = choice, squared
        self.remembers = schedule == 'once'

    def for_next_round(
        self, pool: PoolStatistics, file: Pool, picked: Sequence[int], before: Sequence[int]
    ) -> Chosen:
        """See the base class."""
        found = candidates(pool, file.rig(), self.min_views, self.squared)
        taken = set(picked)
        kept = [(i, e) for i, e in zip(*found) if i not in taken]
        found = Candidates([i for i, _ in kept], [e for _, e in kept])
        before = [i for i in before if i not in taken]
        pick = pick_pseudo(self.choice, pool)
        units = choose_pseudo(found, of_round(self.num, pool.round), before, self.schedule, pick)
        sizes = {i['id']: (i['width'], i['height']) for i in file.data['images']}
        return Chosen(units, len(found.ids), pseudo_annotations(pool, units, sizes))


class Candidates(NamedTuple):
    """Frames that could be pseudo-labelled, the surest first.

    Attributes:
        ids (list[int]): Units.
        errors (list[float]): ε_F of each, pixels² (or pixels).
    """

    ids: List[int]
    errors: List[float]


def candidates(
    pool: PoolStatistics, rig: Dict[int, int], min_views: Optional[int] = None, squared: bool = True
) -> Candidates:
    """Unlabelled units in which every view is an inlier for every keypoint.

    All calibrated images of a frame show each of its persons (c_F = N). A view that
    does not is no inlier: the fewer views, the easier they agree.

    Args:
        pool (PoolStatistics): The pool; its units are frames.
        rig (dict): Frame id -> how many calibrated images it has.
        min_views (int, optional): So many views of each person are enough, where
            people often leave the view of some cameras.
        squared (bool): Errors in pixels² (Eq. 8), or in pixels, as in the authors' code.

    Returns:
        Candidates: Sorted by the views of the person that fewest see, most first, then
        by triangulation error (Feng23, Eq. 8), then by id.
    """
    groups = pool.groups
    there = groups.rows >= 0
    seen_by = there.sum(1)
    enough = np.array([rig[int(i)] for i in groups.unit]) if min_views is None else min_views
    sure = (groups.inliers | ~there[..., None]).all((1, 2)) & groups.ok.all(1) & (seen_by >= enough)
    per_group = np.nanmean(consistency_errors(pool, squared), (1, 2))
    unit = pool.group_unit
    units = len(pool.units)
    doubtful = np.bincount(unit, ~sure, units) > 0
    seen = np.bincount(unit, minlength=units) > 0
    errors = pool.over_views(per_group, 'mean', unit)
    fewest = -pool.over_views(-seen_by, 'max', unit)
    chosen = np.flatnonzero(seen & ~doubtful & ~pool.labeled)
    chosen = chosen[np.lexsort((pool.units[chosen], errors[chosen], -fewest[chosen]))]
    return Candidates([int(pool.units[i]) for i in chosen], [float(errors[i]) for i in chosen])


def choose_pseudo(
    found: Candidates,
    num: int,
    previous: Sequence[int],
    schedule: str = 'alternate',
    pick: Optional[Callable[[List[int], int], List[int]]] = None,
) -> List[int]:
    """The pseudo-labelled units of the next round.

    Args:
        found (Candidates): From :func:`candidates`, without the units that are about to
            be labelled by hand.
        num (int): M.
        previous (Sequence[int]): Pseudo-labelled in this round; with ``'once'`` in any round.
        schedule (str): ``'alternate'`` (Alg. 2): M that are not in ``previous``; ``'once'``:
            the same, of all rounds before (the authors' code); ``'grow'``: ``previous``
            stays, M more; ``'constant'``: M, whatever was before.
        pick (callable, optional): Takes ids, the surest first, and M, and gives M of them;
            the surest by default. See :func:`pick_pseudo`.

    Returns:
        list[int]: Ids; fewer where there are fewer.
    """
    if schedule not in SCHEDULES:
        raise ValueError(f'schedule is one of {SCHEDULES}; got {schedule!r}')
    pick = surest if pick is None else pick
    before = set(previous)
    if schedule == 'constant':
        return pick(found.ids, num)
    fresh = pick([i for i in found.ids if i not in before], num)
    return list(previous) + fresh if schedule == 'grow' else fresh


def pick_pseudo(choice: str, pool: PoolStatistics) -> Callable[[List[int], int], List[int]]:
    """What ``pick`` of :func:`choose_pseudo` is, by the name of a choice.

    Args:
        choice (str): ``'surest'``, ``'random'`` of the surest 2 M, or ``'clusters'``: as
            many of each of ten clusters of the candidates' poses, about the mean of their
            joints; of several persons in a frame the first counts.
        pool (PoolStatistics): The pool; its seed and round are those of the draw.
    """
    if choice not in CHOICES:
        raise ValueError(f'choice is one of {CHOICES}; got {choice!r}')

    def at_random(ids: List[int], num: int) -> List[int]:
        return random_of_surest(ids, num, pool.seed, pool.round)

    def of_clusters(ids: List[int], num: int) -> List[int]:
        first = dict(zip(pool.groups.unit[::-1].tolist(), pool.groups.points[::-1]))
        poses = np.array([first[i] for i in ids]).reshape(len(ids), *pool.groups.points.shape[1:])
        return from_clusters(ids, cluster_poses(poses - poses.mean(1, keepdims=True)), num)

    return dict(surest=surest, random=at_random, clusters=of_clusters)[choice]


def pseudo_annotations(
    pool: PoolStatistics, units: Sequence[int], sizes: Dict[int, tuple]
) -> Dict[int, np.ndarray]:
    """Triangulated keypoints projected into every view of the units.

    Args:
        pool (PoolStatistics): The pool.
        units (Sequence[int]): Ids.
        sizes (dict): Image id -> (width, height).

    Returns:
        dict: Annotation id -> keypoints (K, 3): x, y and 2, or 0, 0, 0 where the point
        lies outside the image or behind the camera.
    """
    groups, views = pool.groups, pool.views
    wanted = np.isin(groups.unit, np.asarray(list(units), np.int64))
    result: Dict[int, np.ndarray] = {}
    for group in np.flatnonzero(wanted):
        rows = groups.rows[group]
        rows = rows[rows >= 0]

        def tensor(name: str) -> torch.Tensor:
            return torch.from_numpy(getattr(views, name)[rows])

        points = torch.from_numpy(groups.points[group]).expand(len(rows), -1, -1)
        pixels, depth = project(points, tensor('K'), tensor('R'), tensor('t'), tensor('dist'))
        for row, xy, z in zip(rows, pixels.numpy(), depth.numpy()):
            width, height = sizes[int(views.image_id[row])]
            inside = ((xy >= 0) & (xy <= [width - 1, height - 1])).all(1) & (z > 0)
            result[int(views.id[row])] = np.where(
                inside[:, None], np.concatenate([xy, np.full((len(xy), 1), 2)], 1), 0.0
            )
    return result


def pseudo_error(
    pool: PoolStatistics, units: Sequence[int], truth: Dict[Tuple[int, int], np.ndarray]
) -> float:
    """MKPE of the pseudo-labelled units against true poses (Feng23, Fig. 7).

    Args:
        pool (PoolStatistics): The pool.
        units (Sequence[int]): Ids.
        truth (dict): (frame id, person id) -> (K, 4): x, y, z and 1 where known.

    Returns:
        float: Millimetres; NaN where nothing is known.
    """
    groups, views = pool.groups, pool.views
    errors = []
    for group in np.flatnonzero(np.isin(groups.unit, np.asarray(list(units), np.int64))):
        row = groups.rows[group][0]
        pose = truth.get((int(views.frame_id[row]), int(views.person_id[row])))
        if pose is not None:
            known = (pose[:, 3] > 0) & groups.ok[group]
            errors.append(np.linalg.norm(groups.points[group][known] - pose[known, :3], axis=1))
    return float(np.concatenate(errors).mean()) if errors else float('nan')
