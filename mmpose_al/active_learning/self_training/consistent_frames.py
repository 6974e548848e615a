"""Frames in which all views agree, whole: which, and what they say (Feng23, Alg. 2)."""

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch

from ...fileio import is_int, short
from ...geometry.cameras import project
from ..pool import Pool
from ..registry import SELF_TRAINING
from ..statistics import PoolStatistics
from ..strategies.multi_view_consistency import consistency_errors
from .base import Chosen, SelfTraining

SCHEDULES = ('alternate', 'grow', 'constant')


@SELF_TRAINING.register_module()
class ConsistentFrames(SelfTraining):
    """The frames in which every view is an inlier for every keypoint (Feng23, Alg. 2).

    Their triangulated keypoints, projected into every view, are labels of the next round.

    Args:
        num (int): M, frames a round.
        schedule (str): See :func:`choose_pseudo`.
        min_views (int, optional): See :func:`candidates`; None: all.

    Raises:
        ValueError: A value that cannot be used.
    """

    def __init__(self, num: int, schedule: str = 'alternate', min_views: Optional[int] = None):
        numbers = (
            is_int(num)
            and num >= 1
            and (min_views is None or (is_int(min_views) and min_views >= 2))
        )
        if not numbers or schedule not in SCHEDULES:
            raise ValueError(
                'active_learning.self_training: num is a whole number, at least 1, schedule is '
                f'one of {SCHEDULES} and min_views is None (all) or a whole number, at least 2; '
                f'got {short(num)}, {short(schedule)} and {short(min_views)}'
            )
        self.num, self.schedule, self.min_views = num, schedule, min_views

    def for_next_round(
        self, pool: PoolStatistics, file: Pool, picked: Sequence[int], before: Sequence[int]
    ) -> Chosen:
        """See the base class."""
        found = candidates(pool, file.rig(), self.min_views)
        taken = set(picked)
        kept = [(i, e) for i, e in zip(*found) if i not in taken]
        found = Candidates([i for i, _ in kept], [e for _, e in kept])
        before = [i for i in before if i not in taken]
        units = choose_pseudo(found, self.num, before, self.schedule)
        sizes = {i['id']: (i['width'], i['height']) for i in file.data['images']}
        return Chosen(units, len(found.ids), pseudo_annotations(pool, units, sizes))


class Candidates(NamedTuple):
    """Frames that could be pseudo-labelled, the surest first.

    Attributes:
        ids (list[int]): Units.
        errors (list[float]): ε_F of each, pixels².
    """

    ids: List[int]
    errors: List[float]


def candidates(
    pool: PoolStatistics, rig: Dict[int, int], min_views: Optional[int] = None
) -> Candidates:
    """Unlabelled units in which every view is an inlier for every keypoint.

    All calibrated images of a frame show each of its persons (c_F = N). A view that
    does not is no inlier: the fewer views, the easier they agree.

    Args:
        pool (PoolStatistics): The pool; its units are frames.
        rig (dict): Frame id -> how many calibrated images it has.
        min_views (int, optional): So many views of each person are enough, where
            people often leave the view of some cameras.

    Returns:
        Candidates: Sorted by the views of the person that fewest see, most first, then
        by triangulation error (Feng23, Eq. 8), then by id.
    """
    groups = pool.groups
    there = groups.rows >= 0
    seen_by = there.sum(1)
    enough = np.array([rig[int(i)] for i in groups.unit]) if min_views is None else min_views
    sure = (groups.inliers | ~there[..., None]).all((1, 2)) & groups.ok.all(1) & (seen_by >= enough)
    per_group = np.nanmean(consistency_errors(pool), (1, 2))
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
    found: Candidates, num: int, previous: Sequence[int], schedule: str = 'alternate'
) -> List[int]:
    """The pseudo-labelled units of the next round.

    Args:
        found (Candidates): From :func:`candidates`, without the units that are about to
            be labelled by hand.
        num (int): M.
        previous (Sequence[int]): Pseudo-labelled in this round.
        schedule (str): ``'alternate'`` (Alg. 2): the M surest that are not in
            ``previous``; ``'grow'``: ``previous`` stays, M more; ``'constant'``: the M
            surest, whatever was before.

    Returns:
        list[int]: Ids; fewer where there are fewer.
    """
    if schedule not in SCHEDULES:
        raise ValueError(f'schedule is one of {SCHEDULES}; got {schedule!r}')
    before = set(previous)
    if schedule == 'constant':
        return found.ids[:num]
    fresh = [i for i in found.ids if i not in before][:num]
    if schedule == 'alternate':
        return fresh
    return list(previous) + fresh


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
