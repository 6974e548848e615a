"""Labels that do not agree with those of the other views of a calibrated rig.

Each view is measured in sizes of the person it shows: near and far cameras, large and small
images count alike. See :data:`~.label_warnings.CLICK`.
"""

from typing import Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

import numpy as np
import torch

from ...datasets.joint_sides import side_pairs, without_side
from ...geometry.cameras import pad_distortion
from ...geometry.consensus import Consensus, consensus
from ..pool import Pool
from .label_warnings import CLICK, LabelWarning, person_size

#: Pixels that the size of every person is scaled to, so that numbers are of the usual order.
_SIZE = 400.0
_CHUNK = 512  # groups that are triangulated at once


class RigLabels(NamedTuple):
    """Labels of groups (one person in one frame) of views with cameras.

    Attributes:
        keys (list[tuple]): Frame and person of each group.
        ids (ndarray): Annotations, int64 (G, V); -1 where a view has no label.
        names (list[list]): What each view is called, '' where it has no label.
        pixels (ndarray): (G, V, K, 2), NaN where a joint is not labelled.
        sizes (ndarray): Of the person in each view, pixels (G, V).
        cameras (dict): K, R, t and dist, (G, V, ...), NaN where a view has no label.
    """

    keys: List[Tuple[int, int]]
    ids: np.ndarray
    names: List[List[str]]
    pixels: np.ndarray
    sizes: np.ndarray
    cameras: Dict[str, np.ndarray]


class Found(NamedTuple):
    """Where the views of groups disagree.

    Attributes:
        exchanged (ndarray): Pairs that a view has the wrong way round, bool (G, V, P).
        wrong (ndarray): Labels that are not where the other views put them, bool (G, V, K).
        errors (ndarray): By how much, pixels (G, V, K).
        apart (ndarray): Joints of several labels, no two of which agree, bool (G, K).
    """

    exchanged: np.ndarray
    wrong: np.ndarray
    errors: np.ndarray
    apart: np.ndarray


def rig_warnings(
    pool: Pool,
    keypoints: Dict[int, np.ndarray],
    new: Set[int],
    joints: Sequence[str],
    single: Sequence[LabelWarning] = (),
) -> Tuple[List[LabelWarning], List[int]]:
    """What the views of a rig say about new labels, beside each view by itself.

    What the views agree on is right where they contradict a prediction about left and right;
    where most views of a person do, they are one warning.

    Args:
        pool (Pool): The pool, with cameras.
        keypoints (dict): Annotation id -> (K, 3), the new labels and those before.
        new (set[int]): Whose labels are new; their frames are looked at, no others.
        joints (Sequence[str]): Names of the joints.
        single (Sequence[LabelWarning]): Of the new labels, view by view.

    Returns:
        tuple: All warnings, and whom they were looked for.
    """
    checked = (groups_of(pool, new) | new) & set(keypoints)
    rig = rig_labels(pool, {i: keypoints[i] for i in keypoints if i in checked})
    if rig is None:
        return list(single), sorted(checked)
    found = [*consistency_warnings(rig, joints), *merge_exchanged(rig, single)]
    return found, sorted(checked)


def merge_exchanged(rig: RigLabels, single: Sequence[LabelWarning]) -> List[LabelWarning]:
    """Warnings of single views; those about left and right as one line a person.

    A few views whose prediction was wrong are no reason to doubt the labels, which all views
    confirm; and what one view has exchanged is told by the others.
    """
    group_of = {int(i): g for g, ids in enumerate(rig.ids) for i in ids if i >= 0}
    kept: List[LabelWarning] = []
    of_group: Dict[int, List[LabelWarning]] = {}
    for warning in single:
        group = group_of.get(warning.annotations[0])
        if warning.kind != 'exchanged' or group is None:
            kept.append(warning)
        else:
            of_group.setdefault(group, []).append(warning)
    for group, warnings in of_group.items():
        views = int((rig.ids[group] >= 0).sum())
        if 2 * len(warnings) > views:
            names = list(dict.fromkeys(name for w in warnings for name in w.joints))
            what = ', '.join(dict.fromkeys(map(without_side, names)))
            text = (
                f'{_person(rig, group)}: left and right are exchanged against the predictions of '
                f'{len(warnings)} of {views} views ({what})'
            )
            ids = [i for w in warnings for i in w.annotations]
            pixels = max(w.pixels or 0.0 for w in warnings)
            kept.append(LabelWarning('exchanged', text, ids, names, pixels))
    return kept


def consistency_warnings(rig: RigLabels, joints: Sequence[str]) -> List[LabelWarning]:
    """Labels that do not agree with those of the other views.

    Left and right that are exchanged in a view are one warning, whatever the number of
    joints.

    Args:
        rig (RigLabels): The labels of views with cameras, see :func:`rig_labels`.
        joints (Sequence[str]): Names of the joints.
    """
    pairs = side_pairs(joints)
    found = compare_views(rig, pairs)
    return [
        *_exchanged(rig, found, joints, pairs),
        *_wrong(rig, found, joints),
        *_apart(rig, found, joints),
    ]


def groups_of(pool: Pool, chosen: Set[int]) -> Set[int]:
    """All annotations of the frames and persons that these annotations are views of."""
    frame = {i['id']: i.get('frame_id') for i in pool.data['images']}
    keys = {
        a['id']: (frame[a['image_id']], a.get('person_id') or 0) for a in pool.data['annotations']
    }
    wanted = {keys[i] for i in chosen if i in keys}
    return {i for i, key in keys.items() if key in wanted and key[0] is not None}


def rig_labels(pool: Pool, keypoints: Dict[int, np.ndarray]) -> Optional[RigLabels]:
    """Labels in views with cameras, by frame and person; None without."""
    cameras = {c['id']: c for c in pool.data['cameras']}
    images = {i['id']: i for i in pool.data['images']}
    groups: Dict[Tuple[int, int], List[dict]] = {}
    for annotation in pool.data['annotations']:
        image = images[annotation['image_id']]
        known = image.get('camera_id') in cameras and image.get('frame_id') is not None
        if annotation['id'] in keypoints and known:
            key = (image['frame_id'], annotation.get('person_id') or 0)
            groups.setdefault(key, []).append(dict(annotation, camera=image['camera_id']))
    groups = {key: groups[key] for key in sorted(groups) if len(groups[key]) > 1}
    if not groups:
        return None
    shape = (len(groups), max(map(len, groups.values())))
    num = len(next(iter(keypoints.values())))
    ready = {i: _camera(camera) for i, camera in cameras.items()}
    of_one = next(iter(ready.values()))
    values = {name: np.full((*shape, *v.shape), np.nan) for name, v in of_one.items()}
    ids, pixels = np.full(shape, -1), np.full((*shape, num, 2), np.nan)
    sizes, names = np.full(shape, _SIZE), [[''] * shape[1] for _ in groups]
    for g, views in enumerate(groups.values()):
        for v, view in enumerate(sorted(views, key=lambda each: each['camera'])):
            points = keypoints[view['id']]
            ids[g, v], sizes[g, v] = view['id'], person_size(view['bbox'])
            pixels[g, v] = np.where(points[:, 2:] > 0, points[:, :2], np.nan)
            camera = cameras[view['camera']]
            names[g][v] = f'{camera.get("name", camera["id"])} (annotation {view["id"]})'
            for name, value in ready[view['camera']].items():
                values[name][g, v] = value
    return RigLabels(list(groups), ids, names, pixels, sizes, values)


def _camera(camera: dict) -> Dict[str, np.ndarray]:
    dist = pad_distortion(torch.as_tensor(camera['dist'])).numpy()
    plain = {name: np.asarray(camera[name], np.float64) for name in ('K', 'R', 't')}
    return dict(plain, dist=np.asarray(dist, np.float64))


# ---- comparing -------------------------------------------------------------------


def compare_views(rig: RigLabels, pairs: Sequence[Tuple[int, int]]) -> Found:
    """Triangulate each joint of each group robustly, and see which labels do not agree.

    Args:
        rig (RigLabels): The labels.
        pairs (Sequence[tuple]): Left and right joints.
    """
    parts = []
    for start in range(0, len(rig.keys), _CHUNK):
        part = slice(start, start + _CHUNK)
        cameras = {name: value[part] for name, value in rig.cameras.items()}
        parts.append(_compare(rig.pixels[part], rig.sizes[part], cameras, pairs))
    return Found(*(np.concatenate(each) for each in zip(*parts)))


def _compare(
    pixels: np.ndarray,
    sizes: np.ndarray,
    cameras: Dict[str, np.ndarray],
    pairs: Sequence[Tuple[int, int]],
) -> Found:
    there = np.isfinite(pixels).all(-1)
    best = _agree(pixels, sizes, cameras, pairs)
    tried = best.exchanged.numpy()
    two = _two_views(there, best, pairs)  # either may be the wrong one; the first is turned
    first = np.argmax(there, 1)  # (G, K): the first view of each joint
    exchanged = tried.copy()
    for g, p in np.argwhere(two):
        exchanged[g, first[g, pairs[p][0]], p] = True
    if exchanged.any():
        after = _agree(_turned(pixels, exchanged, pairs), sizes, cameras, ())
        exchanged &= after.inliers.numpy()[..., np.array(pairs)].all(-1)  # all is well then
        best = _agree(_turned(pixels, exchanged, pairs), sizes, cameras, ())
    errors = best.errors.numpy() * (sizes / _SIZE)[..., None]
    met = best.found.numpy()
    return Found(
        exchanged, there & met[:, None] & ~best.inliers.numpy(), errors, ~met & (there.sum(1) > 1)
    )


def _two_views(there: np.ndarray, best: Consensus, pairs: Sequence[Tuple[int, int]]) -> np.ndarray:
    """Pairs that two views label, which do not agree about either joint, bool (G, P)."""
    if not pairs:
        return np.zeros((len(there), 0), bool)
    places = np.array(pairs)
    labels = there.sum(1)[:, places]
    return (labels == 2).all(-1) & ~best.found.numpy()[:, places].any(-1)


def _agree(
    pixels: np.ndarray,
    sizes: np.ndarray,
    cameras: Dict[str, np.ndarray],
    pairs: Sequence[Tuple[int, int]],
) -> Consensus:
    """What the views agree on, with every view scaled to the person's size."""
    scale = _SIZE / sizes
    near = cameras['K'].copy()
    near[..., :2, :] *= scale[..., None, None]
    values = [pixels * scale[..., None, None], near, *(cameras[n] for n in ('R', 't', 'dist'))]
    scaled, *camera = (torch.from_numpy(np.ascontiguousarray(value)) for value in values)
    K, R, t, dist = camera
    return consensus(scaled, K, R, t, dist, threshold=CLICK * _SIZE, min_inliers=2, pairs=pairs)


def _turned(
    pixels: np.ndarray, exchanged: np.ndarray, pairs: Sequence[Tuple[int, int]]
) -> np.ndarray:
    """Labels with the exchanged pairs the other way round."""
    result = pixels.copy()
    for p, (left, right) in enumerate(pairs):
        g, v = np.nonzero(exchanged[:, :, p])
        result[g, v, left], result[g, v, right] = pixels[g, v, right], pixels[g, v, left]
    return result


# ---- telling ---------------------------------------------------------------------


def _person(rig: RigLabels, group: int) -> str:
    frame, person = rig.keys[group]
    return f'frame {frame}, person {person}'


def _exchanged(
    rig: RigLabels, found: Found, joints: Sequence[str], pairs: Sequence[Tuple[int, int]]
) -> List[LabelWarning]:
    warnings = []
    for g, v in np.argwhere(found.exchanged.any(-1)):
        names = [joints[k] for p in np.flatnonzero(found.exchanged[g, v]) for k in pairs[p]]
        chosen = [joints.index(name) for name in names]
        others = np.isfinite(rig.pixels[g][:, chosen]).all(-1).any(1).nonzero()[0]
        views = [rig.names[g][i] for i in (others if len(others) == 2 else [v])]
        what = ', '.join(without_side(name) for name in names[::2])
        warnings.append(
            LabelWarning(
                'exchanged',
                f'{_person(rig, g)}: left and right are exchanged in {" or ".join(views)}: {what}',
                [int(i) for i in rig.ids[g, others if len(others) == 2 else [v]]],
                names,
                float(np.linalg.norm(rig.pixels[g, v, chosen[0]] - rig.pixels[g, v, chosen[1]])),
            )
        )
    return warnings


def _wrong(rig: RigLabels, found: Found, joints: Sequence[str]) -> List[LabelWarning]:
    warnings = []
    for g, v, k in np.argwhere(found.wrong):
        error = float(found.errors[g, v, k])
        far = f'is {error:.0f} px from' if np.isfinite(error) else 'is not'
        warnings.append(
            LabelWarning(
                'disagrees',
                f'{_person(rig, g)}: {joints[k]} in {rig.names[g][v]} {far} where the other '
                'views put it',
                [int(rig.ids[g, v])],
                [joints[k]],
                error if np.isfinite(error) else None,
            )
        )
    return warnings


def _apart(rig: RigLabels, found: Found, joints: Sequence[str]) -> List[LabelWarning]:
    warnings = []
    for g, k in np.argwhere(found.apart):
        views = np.flatnonzero(np.isfinite(rig.pixels[g, :, k]).all(-1))
        names = ', '.join(rig.names[g][v] for v in views)
        text = f'{_person(rig, g)}: the clicks of {joints[k]} do not meet: {names}'
        ids = [int(i) for i in rig.ids[g, views]]
        warnings.append(LabelWarning('apart', text, ids, [joints[k]]))
    return warnings
