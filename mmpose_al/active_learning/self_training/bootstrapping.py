"""Multi-view bootstrapping: where some views are right, the others learn from them.

The network predicts in all views of a frame. Each joint is triangulated robustly and
projected into every view of the person. Where the network was wrong, or sees nothing, it
learns the place from the views that agree, and is trained again (Simon et al., "Hand Keypoint
Detection in Single Images using Multiview Bootstrapping", CVPR 2017).

Notation: views N (one person in one image), groups G (one person in one frame) of V views,
joints J.
"""

from typing import Any, Callable, Collection, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch

from ...fileio import is_int, is_number, short
from ...geometry.consensus import Consensus, consensus, joint_pairs
from ..pool import Pool, most_views
from ..registry import SELF_TRAINING
from ..statistics import ViewStatistics, group_views
from .base import SelfTraining

WEIGHTS = (None, 'inliers', 'inliers_and_error')
SHARE = 1 / 32  # of a box's longer side, by which a view that agrees may be off
LENGTH = 128.0  # of that side, in the pixels that triangulation sees
CHUNK = 1024  # groups on the device at once


class Agreement(NamedTuple):
    """What the views of each group agree on.

    Attributes:
        keys (ndarray): Frame id and person id, int64 (G, 2), ascending.
        rows (ndarray): Index into the views, int64 (G, V); -1 where a view is missing.
        points (ndarray): World, float64 (G, J, 3); NaN where too few views agree.
        pixels (ndarray): Their projections, pixels of the image, float64 (G, V, J, 2); NaN
            without a point or a view, and behind the camera.
        inliers (ndarray): Views that agree, bool (G, V, J); none without a point.
        errors (ndarray): Distance of each view's own prediction to the projection, as a
            share of the threshold, float64 (G, V, J); NaN where either is missing.
    """

    keys: np.ndarray
    rows: np.ndarray
    points: np.ndarray
    pixels: np.ndarray
    inliers: np.ndarray
    errors: np.ndarray

    @property
    def found(self) -> np.ndarray:
        """Joints that enough views agree on, bool (G, J)."""
        return np.isfinite(self.points).all(-1)


class PseudoLabels(NamedTuple):
    """What a network's views say together, one row a view.

    Attributes:
        ids (ndarray): Annotations, int64 (N, ).
        keypoints (ndarray): x, y and v = 2, or 0, 0, 0 without a label, float64 (N, J, 3).
        weights (ndarray): From 0 to 1, 0 without a label, float64 (N, J).
        votes (ndarray): How many views agree on the joint, int64 (N, J); 0 where too few.
        agreement (Agreement): Of these views and of labelled ones of the same persons.
    """

    ids: np.ndarray
    keypoints: np.ndarray
    weights: np.ndarray
    votes: np.ndarray
    agreement: Agreement

    @property
    def labeled(self) -> np.ndarray:
        """Joints with a label, bool (N, J)."""
        return self.keypoints[..., 2] > 0

    def select(self, rows: np.ndarray) -> 'PseudoLabels':
        """The labels of some views, by an index or a mask."""
        return PseudoLabels(
            self.ids[rows],
            self.keypoints[rows],
            self.weights[rows],
            self.votes[rows],
            self.agreement,
        )

    def by_id(self) -> Tuple[Dict[int, np.ndarray], Dict[int, np.ndarray]]:
        """Annotation id -> keypoints (J, 3), and -> weights (J, )."""
        ids = self.ids.tolist()
        return dict(zip(ids, self.keypoints)), dict(zip(ids, self.weights))


# ---- pure functions ------------------------------------------------------------------


def default_inliers(num_views: int) -> int:
    """Half of the views, but three where there are so many: 4 of 8, 3 of 4, 2 of 2."""
    return min(max(num_views // 2, 3), num_views)


def agree(
    views: ViewStatistics,
    scale: np.ndarray,
    threshold: float,
    min_inliers: int,
    pairs: Sequence[Tuple[int, int]] = (),
    seed: int = 0,
    device: str = 'cpu',
    progress: Optional[Callable[[int], None]] = None,
) -> Agreement:
    """Triangulate each joint of each person, and project it into all views of the person.

    Args:
        views (ViewStatistics): Of the pool. Those without a camera take no part.
        scale (ndarray): Of each view, float64 (N, ): its pixels times this are compared with
            the threshold.
        threshold (float): Largest reprojection error of an inlier, in such pixels.
        min_inliers (int): Views that have to agree.
        pairs (Sequence[tuple]): Left and right joints that a view may have exchanged.
        seed (int): For pairs of views, where there are too many for all.
        device (str): Where to compute.
        progress (callable, optional): Told how many views each chunk had.
    """
    keys, rows = group_views(views)
    parts: List[Consensus] = []
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        parts.append(
            consensus(
                **_observed(views, part, scale, device),
                threshold=threshold,
                min_inliers=min_inliers,
                pairs=pairs,
                seed=seed,
            )
        )
        if progress is not None:
            progress(int((part >= 0).sum()))
    joints = views.keypoints.shape[1]
    shape = (len(rows), rows.shape[1], joints)

    def joined(name: str, empty: np.ndarray) -> np.ndarray:
        arrays = [getattr(part, name).cpu().numpy() for part in parts]
        return np.concatenate(arrays) if arrays else empty

    points = joined('points', np.zeros((0, joints, 3)))
    found = np.isfinite(points).all(-1)[:, None]
    there = (rows >= 0)[..., None]
    by_view = np.where(there, scale[rows][..., None], np.nan)
    return Agreement(
        keys,
        rows,
        points,
        joined('pixels', np.zeros((*shape, 2))) / by_view[..., None],
        joined('inliers', np.zeros(shape, bool)) & found & there,
        np.where(there, joined('errors', np.zeros(shape)), np.nan) / threshold,
    )


def _observed(views: ViewStatistics, rows: np.ndarray, scale: np.ndarray, device: str) -> dict:
    """Predictions and cameras of groups, as ``consensus`` takes them."""
    there = rows >= 0
    factor = np.where(there, scale[rows], 1.0)

    def column(name: str, missing: float = float('nan')) -> np.ndarray:
        values = np.asarray(views[name][rows], np.float64)
        return np.where(there.reshape(there.shape + (1,) * (values.ndim - 2)), values, missing)

    K = column('K')
    K[..., :2, :] *= factor[..., None, None]
    arrays: Dict[str, np.ndarray] = dict(
        pixels=column('keypoints') * factor[..., None, None],
        K=K,
        R=column('R'),
        t=column('t'),
        scores=column('scores', 0.0),
    )
    dist = column('dist', 0.0)
    if dist.any():
        arrays['dist'] = dist
    return {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}


def joint_weights(agreement: Agreement, weight: Optional[str]) -> np.ndarray:
    """How much the label of each joint of each person counts.

    With I the views that agree, V those that there are, e_v the error of view v as a share
    of the threshold:

    - ``None``: 1;
    - ``'inliers'``: |I| / V;
    - ``'inliers_and_error'``: |I| / V · (1 - mean of e_v² over I).

    Returns:
        ndarray: From 0 to 1, float64 (G, J); 0 without a point.
    """
    found = agreement.found
    if weight is None:
        return found.astype(np.float64)
    there = (agreement.rows >= 0).sum(1)[:, None]
    votes = agreement.inliers.sum(1)
    share = votes / np.maximum(there, 1)
    if weight == 'inliers_and_error':
        squared = np.where(agreement.inliers, agreement.errors, 0.0) ** 2
        share = share * (1 - squared.sum(1) / np.maximum(votes, 1))
    return np.where(found, np.clip(share, 0.0, 1.0), 0.0)


def labels_of_views(
    views: ViewStatistics, agreement: Agreement, weights: np.ndarray, sizes: np.ndarray
) -> PseudoLabels:
    """The label of every view of each person, outliers too.

    Args:
        views (ViewStatistics): Of the pool.
        agreement (Agreement): Of them.
        weights (ndarray): Of each person's joints, (G, J).
        sizes (ndarray): Width and height of each view's image, (N, 2). A point outside is
            no label.
    """
    num, joints = len(views), views.keypoints.shape[1]
    keypoints, by_view = np.zeros((num, joints, 3)), np.zeros((num, joints))
    votes = np.zeros((num, joints), np.int64)
    group, place = np.nonzero(agreement.rows >= 0)
    row = agreement.rows[group, place]
    xy = agreement.pixels[group, place]
    last = sizes[row][:, None] - 1
    with np.errstate(invalid='ignore'):
        inside = ((xy >= 0) & (xy <= last)).all(-1)  # not where it is NaN
    labels = np.concatenate([xy, np.full((*inside.shape, 1), 2.0)], -1)
    keypoints[row] = np.where(inside[..., None], labels, 0.0)
    by_view[row] = np.where(inside, weights[group], 0.0)
    votes[row] = agreement.inliers.sum(1)[group]
    return PseudoLabels(views.id, keypoints, by_view, votes, agreement)


def error_of_points(agreement: Agreement, truth: Dict[tuple, np.ndarray]) -> float:
    """Mean distance of the triangulated joints to true poses.

    Args:
        agreement (Agreement): Of the pool's views.
        truth (dict): (frame id, person id) -> (J, 4): x, y, z and 1 where known.

    Returns:
        float: Millimetres; NaN where nothing is known.
    """
    errors = []
    for key, points, found in zip(agreement.keys, agreement.points, agreement.found):
        pose = truth.get((int(key[0]), int(key[1])))
        if pose is not None:
            known = (pose[:, 3] > 0) & found
            errors += np.linalg.norm(points[known] - pose[known, :3], axis=1).tolist()
    return float(np.mean(errors)) if errors else float('nan')


# ---- the kind ------------------------------------------------------------------------


@SELF_TRAINING.register_module()
class MultiViewBootstrapping(SelfTraining):
    """Each joint on which enough views agree teaches all views (multi-view bootstrapping).

    A round trains on its labels. Then, ``rounds`` times, the newest network predicts in
    the whole pool, its views are triangulated joint by joint, and a new network is trained
    on labels and pseudo-labels. The last one counts. So pseudo-labels always come from a
    network that has seen the labels of its round.

    Args:
        min_inliers (int, optional): Views that have to agree; by default
            :func:`default_inliers` of the views of the person that most see.
        threshold (float, optional): Largest reprojection error of a view that agrees, in
            pixels of the image. By default a 32nd of the longer side of the person's box
            in each view (4 pixels of a box of 128).
        weight (str, optional): See :func:`joint_weights`.
        rounds (int): Trainings after that on the labels.
        exchange (bool): Whether a view may have left and right the wrong way round, see
            :func:`~mmpose_al.geometry.consensus.consensus`.
        batch_size (int, optional): Of these trainings, on each rank; by default that of the
            config. Half of a batch are labels, half pseudo-labels, unless the data set has
            ``shares``.
        unlabeled (bool): Whether the unlabelled images of the config take part in these
            trainings too. Without them each network learns from labels and pseudo-labels
            alone, students as well.

    Raises:
        ValueError: A value that cannot be used.
    """

    def __init__(
        self,
        min_inliers: Optional[int] = None,
        threshold: Optional[float] = None,
        weight: Optional[str] = 'inliers',
        rounds: int = 1,
        exchange: bool = True,
        batch_size: Optional[int] = None,
        unlabeled: bool = True,
    ):
        where = 'active_learning.self_training: MultiViewBootstrapping'
        for name, value, least in (
            ('min_inliers', min_inliers, 2),
            ('rounds', rounds, 1),
            ('batch_size', batch_size, 1),
        ):
            if value is None and name != 'rounds':
                continue
            if value is not None and is_int(value) and value >= least:
                continue
            raise ValueError(
                f'{where}: {name} is {short(value)}; write a whole number, at least {least}'
            )
        if threshold is not None and not (is_number(threshold) and threshold > 0):
            raise ValueError(
                f'{where}: threshold is {short(threshold)}; write a finite number of pixels, '
                'above 0, or None for a share of the box'
            )
        if weight not in WEIGHTS:
            raise ValueError(f'{where}: weight is one of {WEIGHTS}; got {short(weight)}')
        for name, flag in (('exchange', exchange), ('unlabeled', unlabeled)):
            if not isinstance(flag, bool):
                raise ValueError(f'{where}: {name} is True or False; got {short(flag)}')
        self.min_inliers, self.threshold, self.weight = min_inliers, threshold, weight
        self.trainings, self.exchange, self.batch_size = rounds, exchange, batch_size
        self.unlabeled = unlabeled

    def check(self, pool: Pool) -> None:
        """Raise ValueError unless every person is in a calibrated view, and enough see one."""
        persons = [a for a in pool.data['annotations'] if a['id'] in pool.persons]
        image_of = {image['id']: image for image in pool.data['images']}
        for person in persons:
            image = image_of[person['image_id']]
            if image.get('camera_id') is None or image.get('frame_id') is None:
                field = 'camera_id' if image.get('camera_id') is None else 'frame_id'
                raise ValueError(
                    f'{pool.path}: images (id {image["id"]}), field "{field}": is missing, but '
                    'self-training with MultiViewBootstrapping triangulates every view. '
                    'Calibrate its camera (docs/multiview_format.md), leave such images out '
                    'by cameras=[...] of the data set, or train without it (self_training=None of '
                    'an experiment)'
                )
        self.check_views(pool)

    def check_views(self, pool: Pool, labeled: Collection[int] = ()) -> None:
        """Raise ValueError unless somebody can be triangulated who lacks a label in a view.

        Args:
            pool (Pool): Its file.
            labeled (Collection[int]): Persons of images that have labels.
        """
        most = most_views(pool, labeled)
        if most < max(self.min_inliers or 2, 2):
            raise ValueError(
                f'{pool.path}: no person{" without a label" * bool(labeled)} is in more than '
                f'{most} view(s) of a frame, and self-training asks for '
                f'min_inliers={self.min_inliers or 2} that agree; two '
                'calibrated views are the least, and min_inliers may not be above their number'
            )

    def labels(
        self,
        views: ViewStatistics,
        pool: Pool,
        labeled: Sequence[int],
        flip_indices: Sequence[int],
        seed: int = 0,
        device: str = 'cpu',
        progress: Optional[Callable[[int], None]] = None,
    ) -> PseudoLabels:
        """Labels of all views of the units that nobody has labelled.

        Where some views of a person are labelled and others not, all of them are
        triangulated, and the others get labels.

        Args:
            views (ViewStatistics): Of the pool, by the network that teaches.
            pool (Pool): Its file.
            labeled (Sequence[int]): Units with labels of people; they get none.
            flip_indices (Sequence[int]): Each joint's mirror image.
            seed, device, progress: See :func:`agree`.

        Raises:
            ValueError: A view has no camera.
        """
        learns = ~np.isin(views.unit, np.asarray(labeled, np.int64))
        persons = np.stack([views.frame_id, views.person_id], 1)
        person = np.unique(persons, axis=0, return_inverse=True)[1].reshape(-1)
        together = np.isin(person, person[learns])
        views, learns = views.select(together), learns[together]
        if not views.calibrated.all():
            lost = views.id[~views.calibrated]
            raise ValueError(
                f'{pool.path}: {len(lost)} of {len(views)} views have no calibrated camera, first '
                f'annotation ids {lost[:5].tolist()}; MultiViewBootstrapping triangulates every '
                'view. Calibrate them, or leave them out by cameras=[...] of the data set'
            )
        scale, threshold = self.units(views, pool)
        most = group_views(views)[1].shape[1]
        pairs = joint_pairs(flip_indices) if self.exchange else ()
        least = default_inliers(max(most, 2)) if self.min_inliers is None else self.min_inliers
        agreement = agree(views, scale, threshold, least, pairs, seed, device, progress)
        sizes = {i['id']: (i['width'], i['height']) for i in pool.data['images']}
        shape = np.array([sizes[int(i)] for i in views.image_id], np.float64).reshape(-1, 2)
        made = labels_of_views(views, agreement, joint_weights(agreement, self.weight), shape)
        return made.select(learns)

    def units(self, views: ViewStatistics, pool: Pool) -> Tuple[np.ndarray, float]:
        """Scale of each view, (N, ), and the threshold in scaled pixels.

        With the default threshold a person's box has a side of 128 such pixels in every
        view, so that near and far views are judged alike.
        """
        if self.threshold is not None:
            return np.ones(len(views)), float(self.threshold)
        boxes: Dict[Any, Sequence[float]] = {
            a['id']: a['bbox'] for a in pool.data['annotations'] if a['id'] in pool.persons
        }
        sides = np.array([max(boxes[int(i)][2:4]) for i in views.id], np.float64)
        return LENGTH / sides, LENGTH * SHARE
