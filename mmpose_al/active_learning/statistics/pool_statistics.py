"""The pool as strategies see it: its units, what is labelled, and the table of its views.

Notation: views N (one person in one image), units U (what is labelled at once: frames of
a rig, images or instances), groups G (one person in one frame).
"""

from typing import Mapping, Optional, Sequence

import numpy as np

from .groups import Groups, group_views, triangulate_views
from .table import ViewStatistics, sort_views


class PoolStatistics:
    """The pool as strategies see it.

    Args:
        views (ViewStatistics): Of all units, labelled ones too.
        units (ndarray): Ids of the units, int64 (U, ), any order.
        labeled (ndarray): Which of them are labelled, bool (U, ).
        sequences (ndarray, optional): Number of the recording of each unit, (U, ).
        times (ndarray, optional): Place in the recording, e.g. the frame index, (U, ).
        seed (int): Of the experiment.
        round (int): Number of the round.
        threshold, min_inliers, weights: Of the triangulation, see
            :func:`~mmpose_al.active_learning.statistics.groups.triangulate_views`.
        seconds (ndarray, optional): When each unit was recorded, (U, ); NaN: not known.
        recordings (Sequence, optional): Name of each number in ``sequences``; None: of none.
        cameras (Mapping, optional): Id of a camera -> that of the first of its name. One that
            moves has an id for each image.

    Attributes:
        units (ndarray): Ascending; ``labeled``, ``sequences``, ``times``, ``seconds``
            follow.
        view_unit (ndarray): Index of each view's unit, (N, ).
    """

    def __init__(
        self,
        views: ViewStatistics,
        units: np.ndarray,
        labeled: np.ndarray,
        sequences: Optional[np.ndarray] = None,
        times: Optional[np.ndarray] = None,
        seed: int = 0,
        round: int = 0,
        threshold: float = 20.0,
        min_inliers: int = 2,
        weights: Optional[str] = None,
        seconds: Optional[np.ndarray] = None,
        recordings: Optional[Sequence[Optional[str]]] = None,
        cameras: Optional[Mapping[int, int]] = None,
    ):
        order = np.argsort(units)
        self.units = np.asarray(units, np.int64)[order]
        self.labeled = np.asarray(labeled, bool)[order]
        self.sequences = (
            np.zeros(len(order), np.int64) if sequences is None else np.asarray(sequences)[order]
        )
        self.times = (
            np.arange(len(order), dtype=np.float64)
            if times is None
            else np.asarray(times, np.float64)[order]
        )
        self.seconds = np.full(len(order), np.nan)
        if seconds is not None:
            self.seconds = np.asarray(seconds, np.float64)[order]
        self.recordings = recordings
        self.cameras = dict(cameras or {})
        self.views = sort_views(views)
        self.view_unit = np.searchsorted(self.units, self.views.unit)
        if len(self.views.unit) and (
            (self.view_unit == len(self.units)).any()
            or (self.units[self.view_unit] != self.views.unit).any()
        ):
            raise ValueError('there are views of units that the pool does not list')
        self.seed, self.round, self.threshold = seed, round, threshold
        self.min_inliers, self.weights = min_inliers, weights
        self._groups: Optional[Groups] = None

    @property
    def groups(self) -> Groups:
        """Triangulated persons; computed once.

        Raises:
            ValueError: The pool has no cameras.
        """
        if self._groups is None:
            self._check_cameras()
            self._groups = triangulate_views(
                self.views,
                self.threshold,
                self.seed,
                min_inliers=self.min_inliers,
                weights=self.weights,
            )
        return self._groups

    @property
    def camera(self) -> np.ndarray:
        """One number a camera of each view, also of one that moves, int64 (N, )."""
        ids, place = np.unique(self.views.camera_id, return_inverse=True)
        return np.array([self.cameras.get(int(i), int(i)) for i in ids], np.int64)[place]

    @property
    def in_several_views(self) -> np.ndarray:
        """Units in which two calibrated views show a person, bool (U, ).

        Raises:
            ValueError: The pool has no cameras.
        """
        self._check_cameras()
        rows = group_views(self.views)[1]
        first = rows[(rows >= 0).sum(1) >= 2, 0]
        result = np.zeros(len(self.units), bool)
        result[self.view_unit[first]] = True
        return result

    def _check_cameras(self) -> None:
        if not self.views.calibrated.any():
            raise ValueError(
                'this strategy triangulates, but no view of the pool has a camera '
                'and a frame; give the annotation file cameras and frames '
                '(docs/multiview_format.md) or choose a strategy for single views'
            )

    @property
    def group_unit(self) -> np.ndarray:
        """Index of each group's unit, (G, )."""
        return np.searchsorted(self.units, self.groups.unit)

    def over_views(
        self, values: np.ndarray, how: str = 'mean', members: Optional[np.ndarray] = None
    ) -> np.ndarray:
        """Aggregate one value a view (or group) into one a unit.

        Args:
            values (ndarray): Shape (N, ).
            how (str): ``'mean'``, ``'max'`` or ``'var'``.
            members (ndarray, optional): Index of the unit of each value; the views'
                units by default.

        Returns:
            ndarray: float64 (U, ); NaN for a unit without any finite value.
        """
        members = self.view_unit if members is None else members
        return aggregate(np.asarray(values, np.float64), members, len(self.units), how)


def aggregate(values: np.ndarray, members: np.ndarray, num: int, how: str = 'mean') -> np.ndarray:
    """Mean, maximum or variance of the finite values of each member, NaN if none."""
    if how not in ('mean', 'max', 'var'):
        raise ValueError(f"views aggregate by 'mean', 'max' or 'var'; got {how!r}")
    finite = np.isfinite(values)
    values, members = values[finite], members[finite]
    counts = np.bincount(members, minlength=num)
    with np.errstate(invalid='ignore', divide='ignore'):
        if how == 'max':
            result = np.full(num, -np.inf)
            np.maximum.at(result, members, values)
            return np.where(counts > 0, result, np.nan)
        mean = np.bincount(members, values, num) / counts
        if how == 'mean':
            return mean
        squared = np.bincount(members, (values - mean[members]) ** 2, num)
        return squared / counts
