"""MKPE: the 3D error of what the views' 2D predictions triangulate to."""

from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmpose.registry import METRICS

from ..geometry import WEIGHTS
from ..geometry.cameras import pad_distortion, project
from ..geometry.evidence import SURE, view_weights
from ..geometry.triangulation import triangulate_robust
from .functional import breakdown, describe, joint_names, to_numpy

POINTS_AT_ONCE = 8192  # bounds the memory
ONE_BY_ONE = 'ids are those of one annotation file: evaluate several files one by one'


@METRICS.register_module()
class MKPE(BaseMetric):
    """Mean keypoint position error of robustly triangulated predictions, in mm.

    Views of one person in one frame are brought together by (frame_id, person_id)
    after the results of all ranks have been gathered. A view that was evaluated twice
    counts once. All come from one annotation file, as ids are those of a file. Samples
    come from :class:`MultiViewCocoDataset`: their metainfo holds
    ``frame_id``, ``camera_id``, ``person_id``, ``camera`` and, where the truth is
    known, ``pose_3d``; one person a sample. Persons without truth count for the
    residuals only.

    Reported (``multiview/`` before each name):

    - ``MKPE``: mean distance to the truth in mm, over all known joints of all persons
      that could be triangulated;
    - ``failed``: share of the known joints, in percent, that could not;
    - ``two_views``: share of the known joints, in percent, on which two views agree and no
      third one does, and, where there are some, ``MKPE/two_views``, the mean distance of
      these alone. They are worth less: nothing checks them;
    - ``residual/{camera}/x``, ``/y``: signed mean of prediction minus reprojection in
      pixels, over the camera's inliers. Far from 0, the calibration is to blame;
    - ``MKPE/joint/{joint}``, ``MKPE/action/{action}`` and the same of ``failed``.

    NaN where nothing could be triangulated.

    Source: Feng et al., Rethinking the Data Annotation Process for Multi-view 3D Pose
    Estimation with Active Learning and Self-Training, WACV 2023.

    Args:
        threshold (float): Largest reprojection error of an inlier, in pixels of the
            original image.
        min_inliers (int): Views that must agree on a joint; with fewer it has failed.
        min_score (float, optional): Predictions with a lower score do not take part.
        weights (str, optional): What views weigh in the fit: ``'confidence2'``, the square of
            their score, ``'confidence'``, or None, all alike (Feng23).
        failed_as (float, optional): Error in mm that a failed joint counts as. None:
            failed joints are left out of the mean.
        per_joint, per_action (bool): Report each joint, each action as well.
        prefix (str, optional): Before the names in the log.

    Raises:
        ValueError: Samples without camera or frame, or none with a 3D truth; ids that
            stand for two images or cameras, as those of two annotation files do.
    """

    default_prefix = 'multiview'

    def __init__(
        self,
        threshold: float = 20.0,
        min_inliers: int = 2,
        min_score: Optional[float] = None,
        failed_as: Optional[float] = None,
        per_joint: bool = False,
        per_action: bool = False,
        collect_device: str = 'cpu',
        prefix: Optional[str] = None,
        weights: Optional[str] = None,
    ):
        super().__init__(collect_device=collect_device, prefix=prefix)
        if not threshold > 0 or min_inliers < 2:
            raise ValueError(
                'MKPE: threshold is above 0 pixels and min_inliers 2 or '
                f'more; got {threshold!r} and {min_inliers!r}'
            )
        if weights not in WEIGHTS:
            raise ValueError(f'MKPE: weights is one of {WEIGHTS}; got {weights!r}')
        self.threshold, self.min_inliers, self.weights = threshold, min_inliers, weights
        self.min_score, self.failed_as = min_score, failed_as
        self.per_joint, self.per_action = per_joint, per_action

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """Keep one small record for each view of a person."""
        self.results.extend(view_record(sample) for sample in data_samples)

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """The values, see the class."""
        if not results:
            raise ValueError('MKPE: no sample was evaluated')
        views = group_views(results)
        known = views.truth[..., 3] > 0
        if not known.any():
            raise ValueError(
                'MKPE: no sample has a 3D truth; the annotation file '
                'needs poses_3d of these frames and persons'
            )
        points, inliers = triangulate_views(
            views, self.threshold, self.min_inliers, self.min_score, self.weights
        )
        failed = np.isnan(points).any(-1)
        errors = np.linalg.norm(points - views.truth[..., :3], axis=-1)
        counted = known & ~failed
        if self.failed_as is not None:
            errors, counted = np.where(failed, self.failed_as, errors), known
        by = dict(
            joints=(joint_names(self.dataset_meta, known.shape[1]) if self.per_joint else None),
            actions=views.actions if self.per_action else None,
        )
        metrics = breakdown('MKPE', errors, counted, **by)
        metrics.update(breakdown('failed', 100.0 * failed, known, **by))
        two = known & ~failed & (inliers.sum(-1) < SURE)
        metrics['two_views'] = 100.0 * float(two.sum()) / float(known.sum())
        if two.any():
            metrics['MKPE/two_views'] = float(errors[two].mean())
        residuals = reprojection_residuals(views, points)
        residuals[~inliers] = np.nan
        for name, values in residuals_by_camera(views, residuals).items():
            mean = values.mean(0) if len(values) else (np.nan, np.nan)
            metrics[f'residual/{name}/x'] = float(mean[0])
            metrics[f'residual/{name}/y'] = float(mean[1])
        return metrics


# -----------------------------------------------------------------------------------


class Views(NamedTuple):
    """Predictions of all views: G persons in frames, J joints, up to V views of each.

    A person's views fill its first slots; ``pixels`` of the other slots are NaN and
    their ``camera`` is 0, so that there is always a valid one.
    """

    pixels: np.ndarray  # (G, J, V, 2)
    scores: np.ndarray  # (G, J, V)
    counts: np.ndarray  # (G,) views of each
    camera: np.ndarray  # (G, V) index into the C cameras
    names: List[str]  # of the C cameras
    K: torch.Tensor  # (C, 3, 3)
    R: torch.Tensor  # (C, 3, 3)
    t: torch.Tensor  # (C, 3)
    dist: Optional[torch.Tensor]  # (C, 14); None: no camera distorts
    truth: np.ndarray  # (G, J, 4), the last is 1 where known
    actions: List[Optional[str]]  # of the G
    keys: np.ndarray  # (G, 2) frame_id and person_id, ascending


def view_record(sample: dict) -> dict:
    """What MKPE keeps of one evaluated sample (a ``PoseDataSample`` as a dict)."""
    for key in ('frame_id', 'camera_id', 'camera'):
        if sample.get(key) is None:
            raise ValueError(
                f'MKPE: {describe(sample)} has no {key}. It needs images with frame_id '
                'and camera_id, read by MultiViewCocoDataset (other data sets: put '
                'VIEW_KEYS in the meta_keys of PackPoseInputs)'
            )
    predicted = sample['pred_instances']
    keypoints = to_numpy(predicted['keypoints'])
    if keypoints.shape[0] != 1:
        raise ValueError(
            f'MKPE: {describe(sample)} has {keypoints.shape[0]} predicted '
            'persons; it needs one a sample (a top-down model)'
        )
    keypoints = keypoints[0, :, :2]
    scores = predicted.get('keypoint_scores')
    return dict(
        key=(int(sample['frame_id']), int(sample.get('person_id') or 0), int(sample['camera_id'])),
        image=sample.get('img_path') or sample.get('id'),
        keypoints=keypoints,
        scores=(np.ones(len(keypoints)) if scores is None else to_numpy(scores).reshape(-1)),
        camera=sample['camera'],
        pose_3d=sample.get('pose_3d'),
        action=sample.get('action'),
    )


def group_views(records: Sequence[dict]) -> Views:
    """Bring the views of each person in each frame together, in the order of their ids.

    Args:
        records (list): Of :func:`view_record`, in any order; of two records of one
            view the first counts.

    Raises:
        ValueError: A key has several images, or a camera_id several cameras.
    """
    keys = np.array([record['key'] for record in records], np.int64).reshape(-1, 3)
    keys, first, view = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    for record, index in zip(records, first[view.reshape(-1)]):
        if record['image'] != records[index]['image']:
            raise ValueError(
                f'MKPE: (frame_id, person_id, camera_id) {record["key"]} is that of '
                f'{records[index]["image"]} and of {record["image"]}; {ONE_BY_ONE}'
            )
    records = [records[index] for index in first]
    groups, start, counts = np.unique(keys[:, :2], axis=0, return_index=True, return_counts=True)
    group = np.repeat(np.arange(len(groups)), counts)
    slot = np.arange(len(keys)) - start[group]
    _, sample_of, camera_of = np.unique(keys[:, 2], return_index=True, return_inverse=True)
    _check_cameras(records, sample_of[camera_of.reshape(-1)])

    joints = records[0]['keypoints'].shape[0]
    shape = (len(groups), joints, counts.max())
    pixels, scores = np.full(shape + (2,), np.nan), np.zeros(shape)
    pixels[group, :, slot] = np.stack([r['keypoints'] for r in records])
    scores[group, :, slot] = np.stack([r['scores'] for r in records])
    camera = np.zeros((len(groups), counts.max()), np.int64)
    camera[group, slot] = camera_of.reshape(-1)
    truth = np.zeros((len(groups), joints, 4))
    for index, record in enumerate(records):
        if record['pose_3d'] is not None:
            truth[group[index]] = record['pose_3d']

    cameras = [records[index]['camera'] for index in sample_of]
    stacked = {
        key: torch.from_numpy(np.stack([to_numpy(c[key]) for c in cameras]))
        for key in ('K', 'R', 't')
    }
    dist = None
    if any(len(c['dist']) for c in cameras):
        dist = torch.stack([pad_distortion(torch.from_numpy(to_numpy(c['dist']))) for c in cameras])
    return Views(
        pixels=pixels,
        scores=scores,
        counts=counts,
        camera=camera,
        names=[c['name'] for c in cameras],
        dist=dist,
        truth=truth,
        actions=[records[index]['action'] for index in start],
        keys=groups,
        **stacked,
    )


def _check_cameras(records: Sequence[dict], first: np.ndarray) -> None:
    """``first`` (N,) is the first record with the camera_id of each."""
    for key in ('K', 'R', 't', 'dist'):
        values = [to_numpy(record['camera'][key]) for record in records]
        for record, value, index in zip(records, values, first):
            if not np.array_equal(value, values[index]):
                raise ValueError(
                    f'MKPE: camera_id {record["key"][2]} has one {key} in '
                    f'{records[index]["image"]} and another in {record["image"]}; '
                    f'{ONE_BY_ONE}'
                )


def triangulate_views(
    views: Views,
    threshold: float = 20.0,
    min_inliers: int = 2,
    min_score: Optional[float] = None,
    weights: Optional[str] = None,
) -> Tuple[np.ndarray, np.ndarray]:
    """Robust triangulation of every joint of every person.

    Args:
        views (Views): See there.
        threshold (float): Pixels; see :class:`MKPE`, as for the other arguments.

    Returns:
        tuple: Points (G, J, 3) in world mm, NaN where it failed, and inliers
        (G, J, V), bool.
    """
    num_groups, joints, num_views = views.scores.shape
    points = np.full((num_groups, joints, 3), np.nan)
    inliers = np.zeros((num_groups, joints, num_views), bool)
    pixels = views.pixels
    if min_score is not None:
        pixels = np.where((views.scores >= min_score)[..., None], pixels, np.nan)
    for part, width in _parts(views):
        K, R, t, dist = _cameras(views, part, width, joints)
        result = triangulate_robust(
            torch.from_numpy(pixels[part, :, :width].reshape(-1, width, 2)),
            K,
            R,
            t,
            dist,
            view_weights(
                torch.from_numpy(views.scores[part, :, :width].reshape(-1, width)), weights
            ),
            threshold=threshold,
            min_inliers=min_inliers,
        )
        points[part] = result.points.numpy().reshape(len(part), joints, 3)
        inliers[part, :, :width] = result.inliers.numpy().reshape(len(part), joints, width)
    return points, inliers


def reprojection_residuals(views: Views, points: np.ndarray) -> np.ndarray:
    """Predictions minus projections of points (G, J, 3): (G, J, V, 2), pixels.

    NaN where there is no prediction or no point, or the point is not in front of the
    camera.
    """
    residuals = np.full(views.pixels.shape, np.nan)
    for part, width in _parts(views):
        K, R, t, dist = _cameras(views, part, width)
        pixels, _ = project(torch.from_numpy(points[part])[:, None], K, R, t, dist)
        residuals[part, :, :width] = views.pixels[part, :, :width] - pixels.numpy().transpose(
            0, 2, 1, 3
        )
    return residuals


def residuals_by_camera(views: Views, residuals: np.ndarray) -> Dict[str, np.ndarray]:
    """Those of each camera, (M, 2), without NaN; cameras in the order of their names.

    Calibrations of one name (a camera that moves) are taken together.
    """
    names = sorted(set(views.names))
    number = np.array([names.index(name) for name in views.names])[views.camera]
    finite = np.isfinite(residuals).all(-1)
    camera = np.broadcast_to(number[:, None], finite.shape)[finite]
    residuals = residuals[finite]
    return {name: residuals[camera == index] for index, name in enumerate(names)}


def _parts(views: Views) -> Iterator[Tuple[np.ndarray, int]]:
    """Indices of persons with about as many views, and the most views of them."""
    order = np.argsort(views.counts, kind='stable')
    step = max(1, POINTS_AT_ONCE // views.scores.shape[1])
    for begin in range(0, len(order), step):
        part = order[begin : begin + step]
        yield part, int(views.counts[part].max())


def _cameras(views: Views, part: np.ndarray, width: int, repeat: int = 1) -> list:
    """K, R, t, dist, each (len(part) * repeat, width, ...); dist may be None."""
    index = torch.from_numpy(views.camera[part, :width]).repeat_interleave(repeat, 0)
    return [
        None if values is None else values[index]
        for values in (views.K, views.R, views.t, views.dist)
    ]
