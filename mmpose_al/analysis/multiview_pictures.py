"""Pictures of a multi-view file: sheets of views, 3D scenes, residuals of the cameras."""

import os.path as osp
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..datasets.choice import chosen_camera_ids
from ..datasets.format import camera_name, load_multiview, skeleton_edges
from ..datasets.image_paths import image_to_show
from ..datasets.images import read_picture
from ..evaluation.mkpe import (
    group_views,
    reprojection_residuals,
    residuals_by_camera,
    triangulate_views,
)
from ..visualization import draw_scene, draw_views, plot_residuals
from .keypoint_results import read_predictions


class Wanted(NamedTuple):
    """What is drawn, and how."""

    ann_file: str  # multi-view JSON
    out: str  # folder
    img_root: Optional[str] = None  # of the images; by default the folder of ann_file
    blank: bool = False  # draw on white, without images
    image_folders: Sequence[str] = ()  # others that file names may lead to
    frames: Optional[Sequence[int]] = None  # ids; by default num of them
    num: int = 4
    cameras: Optional[Sequence[str]] = None  # names or ids; by default all
    predictions: Optional[str] = None  # file
    threshold: float = 20.0  # largest reprojection error of an inlier, pixels
    min_score: Optional[float] = None
    crop: Optional[float] = None  # times the person's box
    height: int = 320  # of a view in a sheet, pixels
    limit: Optional[float] = None  # half side of the panels of residuals, pixels


class View(NamedTuple):
    """One person in one image of a camera."""

    image: dict
    annotation: dict
    camera: dict
    labels: np.ndarray  # (K, 2) pixels, NaN where not labelled
    found: np.ndarray  # (K, 3) pixels and score: the prediction, or else the labels


class Triangulated(NamedTuple):
    """All persons of a file in all frames; G groups of up to V views, K joints."""

    persons: Dict[Tuple[int, int], List[View]]  # (frame id, person id) -> views
    views: object  # of group_views
    points: np.ndarray  # (G, K, 3) mm, NaN where it does not triangulate
    inliers: np.ndarray  # (G, K, V)
    residuals: np.ndarray  # (G, K, V, 2) pixels
    skeleton: List[Tuple[int, int]]


def draw(wanted: Wanted) -> None:
    """Read, triangulate, write the pictures and say what they show.

    Raises:
        ValueError: A file breaks its format, or nothing is there to draw.
    """
    data = load_multiview(wanted.ann_file)
    found = triangulate(wanted, data)
    frames = choose_frames(wanted.frames, wanted.num, data, found.views.keys[:, 0], wanted.ann_file)
    drawn = [draw_frame(wanted, found, frame) for frame in frames]
    sheets, scenes = sum(n for n, _ in drawn), sum(scene for _, scene in drawn)
    residuals = np.where(found.inliers[..., None], found.residuals, np.nan)
    by_camera = residuals_by_camera(found.views, residuals)
    plot_residuals(by_camera, osp.join(wanted.out, 'residuals.png'), wanted.limit)
    observed = np.isfinite(found.views.pixels).all(-1).sum(2) > 0
    failed = (np.isnan(found.points).any(-1) & observed).sum() / max(observed.sum(), 1)
    print(
        f'{wanted.out}: {sheets} sheets, {scenes} scenes, residuals of '
        f'{len(by_camera)} cameras over {len(found.views.keys)} persons in frames '
        f'({100 * failed:.1f} % of their joints do not triangulate at '
        f'{wanted.threshold:g} px)'
    )


def triangulate(wanted: Wanted, data: dict) -> Triangulated:
    """Predictions, or else labels, of the wanted cameras, and their 3D points.

    Raises:
        ValueError: No person has any.
    """
    predictions = None
    if wanted.predictions:
        predictions = read_predictions(wanted.predictions, data, wanted.ann_file)
    names = as_cameras(wanted.cameras, data)
    chosen = chosen_camera_ids(names, data['cameras'], wanted.ann_file)
    persons = collect_views(data, predictions, chosen)
    if not persons:
        what = 'predicted' if wanted.predictions else 'labelled'
        raise ValueError(
            f'{wanted.ann_file}: no image with a frame and a camera has a person with '
            f'{what} joints. Give another file, other --cameras, or --predictions'
        )
    poses = {(p['frame_id'], p.get('person_id') or 0): p['keypoints_3d'] for p in data['poses_3d']}
    views = group_views(
        [
            dict(
                key=key + (view.camera['id'],),
                keypoints=view.found[:, :2],
                scores=view.found[:, 2],
                camera=view.camera,
                pose_3d=poses.get(key),
                action=None,
                image=None,
            )
            for key, members in persons.items()
            for view in members
        ]
    )
    points, inliers = triangulate_views(views, wanted.threshold, min_score=wanted.min_score)
    residuals = reprojection_residuals(views, points)
    return Triangulated(persons, views, points, inliers, residuals, bones(data, wanted.ann_file))


def draw_frame(wanted: Wanted, found: Triangulated, frame: int) -> Tuple[int, bool]:
    """The sheets of a frame's persons and its scene; how many sheets, and whether a scene."""
    views, reprojected = found.views, found.views.pixels - found.residuals
    groups = np.flatnonzero(views.keys[:, 0] == frame)
    scene, seen = {}, {}
    for group in groups:
        person = int(views.keys[group, 1])
        members = found.persons[frame, person]
        here = np.s_[group, :, : len(members)]
        draw_sheet(
            wanted,
            members,
            found.skeleton,
            reprojected[here].swapaxes(0, 1),
            found.inliers[here].T,
            f'frame_{frame:06d}_person_{person}.png',
        )
        truth = np.where(views.truth[group, :, 3:] > 0, views.truth[group, :, :3], np.nan)
        for name, pose in (('true', truth), ('triangulated', found.points[group])):
            if np.isfinite(pose).all(-1).any():
                scene[f'person {person}, {name}'] = pose
        seen.update((view.camera['id'], view.camera) for view in members)
    if scene:
        path = osp.join(wanted.out, f'frame_{frame:06d}_scene.png')
        draw_scene(scene, found.skeleton, path, [seen[key] for key in sorted(seen)])
    else:
        print(f'frame {frame}: no joint triangulates and none is known: no scene')
    return len(groups), bool(scene)


def draw_sheet(
    wanted: Wanted,
    members: Sequence[View],
    skeleton: Sequence[Tuple[int, int]],
    reprojected: np.ndarray,
    inliers: np.ndarray,
    name: str,
) -> None:
    """All views of one person; ``reprojected`` (V, K, 2), ``inliers`` (V, K)."""
    root = osp.dirname(wanted.ann_file) if wanted.img_root is None else wanted.img_root
    found = np.stack([view.found[:, :2] for view in members])
    titles, predicted = [view.camera['name'] for view in members], found
    if not wanted.predictions:  # the labels are both; say how far the calibration is off
        predicted = None
        titles = [
            title + reprojection_text(points, again)
            for title, points, again in zip(titles, found, reprojected)
        ]
    boxes = None
    if wanted.crop:
        boxes = np.stack(
            [
                enlarged(
                    view.annotation.get('bbox')
                    or [0, 0, view.image['width'], view.image['height']],
                    wanted.crop,
                )
                for view in members
            ]
        )
    draw_views(
        [read_image(view.image, root, wanted.blank, wanted.image_folders) for view in members],
        titles,
        skeleton,
        osp.join(wanted.out, name),
        true=np.stack([view.labels for view in members]),
        predicted=predicted,
        reprojected=reprojected,
        inliers=None if predicted is None else inliers,
        boxes=boxes,
        height=wanted.height,
    )


# --------------------------------------------------------------------------


def collect_views(
    data: dict, predictions: Optional[Dict[int, np.ndarray]] = None, cameras: Optional[set] = None
) -> Dict[Tuple[int, int], List[View]]:
    """Views of each person in each frame, by camera id.

    Args:
        data (dict): Of ``load_multiview``.
        predictions (dict, optional): Annotation id -> (K, 3); views without one are
            left out. None: the labels, where a joint is labelled.
        cameras (set, optional): Ids of the cameras to use.

    Returns:
        dict: (frame id, person id) -> views.
    """
    images = {image['id']: image for image in data['images']}
    known = {camera['id']: dict(camera, name=camera_name(camera)) for camera in data['cameras']}
    persons = {}
    for annotation in data['annotations']:
        image = images[annotation['image_id']]
        camera, frame = image.get('camera_id'), image.get('frame_id')
        if camera is None or frame is None or (cameras is not None and camera not in cameras):
            continue
        labels = label_points(annotation)
        if predictions is None:
            if labels is None or not np.isfinite(labels).any():
                continue
            found = np.concatenate([labels, np.ones((len(labels), 1))], 1)
        else:
            found = predictions.get(annotation['id'])
            if found is None:
                continue
            if labels is None:
                labels = np.full((len(found), 2), np.nan)
        key = frame, annotation.get('person_id') or 0
        persons.setdefault(key, []).append(View(image, annotation, known[camera], labels, found))
    return {
        key: sorted(views, key=lambda view: view.camera['id']) for key, views in persons.items()
    }


def label_points(annotation: dict) -> Optional[np.ndarray]:
    """Labelled joints (K, 2), NaN where v is 0; None without any keypoints."""
    if not annotation.get('keypoints'):
        return None
    points = np.asarray(annotation['keypoints'], float).reshape(-1, 3)
    return np.where(points[:, 2:] > 0, points[:, :2], np.nan)


def choose_frames(
    wanted: Optional[Sequence[int]], num: int, data: dict, drawable: Sequence[int], path: str
) -> List[int]:
    """Ids of the frames to draw, of those that have something to draw."""
    drawable = np.unique(drawable)
    if wanted is None:
        places = np.linspace(0, len(drawable) - 1, min(num, len(drawable)))
        return [int(drawable[i]) for i in np.round(places).astype(int)]
    unknown = sorted(set(wanted) - {frame['id'] for frame in data['frames']})
    empty = sorted(set(wanted) - set(unknown) - set(drawable.tolist()))
    if unknown or empty:
        problem = (
            f'has no frame {unknown[0]}' if unknown else f'frame {empty[0]} has no view to draw'
        )
        raise ValueError(
            f'{path}: {problem}; there are {len(drawable)}, such as '
            f'{", ".join(map(str, drawable[:8]))}'
        )
    return list(dict.fromkeys(wanted))


def as_cameras(names: Optional[Sequence[str]], data: dict) -> Optional[list]:
    """Words of the command line as names, or ids where no camera has the name."""
    known = {camera_name(camera) for camera in data['cameras']}
    return (
        None
        if names is None
        else [int(name) if name not in known and name.isdigit() else name for name in names]
    )


def bones(data: dict, path: str) -> List[Tuple[int, int]]:
    """Pairs of joint indices from 0, of the first category that has some.

    Raises:
        FormatError: One is no pair of joints; it names the path.
    """
    for category in data['categories']:
        if category.get('skeleton'):
            return [(a - 1, b - 1) for a, b in skeleton_edges(category, path)]
    return []


def read_image(
    image: dict, root: str, blank: bool = False, image_folders: Sequence[str] = ()
) -> np.ndarray:
    """The picture (h, w, 3), uint8, BGR, checked against the size in the file."""
    size = image['width'], image['height']
    if blank:
        return np.full((size[1], size[0], 3), 255, np.uint8)
    path = image_to_show(root, image['file_name'], image_folders)
    if not osp.isfile(path):
        raise FileNotFoundError(
            f'{path}: no such image. Give the folder of the images as --img-root, or '
            'draw without them: --blank'
        )
    picture = read_picture(path)
    if picture is None:
        raise ValueError(f'{path}: cannot be read as an image')
    if picture.shape[1::-1] != size:
        raise ValueError(
            f'{path}: is {picture.shape[1]}x{picture.shape[0]}, the file says '
            f'{size[0]}x{size[1]}. Give the images that were annotated as --img-root'
        )
    return picture


def enlarged(bbox: Sequence[float], factor: float) -> np.ndarray:
    """A box x, y, w, h about its centre, ``factor`` times as large: x1, y1, x2, y2."""
    low, size = np.asarray(bbox[:2], float), np.asarray(bbox[2:], float)
    centre = low + size / 2
    return np.concatenate([centre - factor * size / 2, centre + factor * size / 2])


def reprojection_text(points: np.ndarray, reprojected: np.ndarray) -> str:
    """Mean distance of labels to reprojections, as part of a title."""
    distance = np.linalg.norm(points - reprojected, axis=-1)
    distance = distance[np.isfinite(distance)]
    return f'  reproj. {distance.mean():.1f} px' if len(distance) else ''
