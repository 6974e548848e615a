"""Pictures of a multi-view file: sheets of views, 3D scenes, residuals of the cameras.

    python tools/analysis/draw_multiview.py data/synthetic/test.json \\
        --img-root data/synthetic/images --out pictures

    python tools/analysis/draw_multiview.py test.json --img-root images \\
        --predictions results.keypoints.json --frames 12 40 --crop 1.5 --out pictures

What is 2D comes from --predictions, or else from the file's own labels, and is
triangulated robustly. For each chosen frame the folder gets

    frame_<id>_person_<id>.png   all views: labels (green), predictions (red) with
                                 outliers marked, reprojections (blue crosses)
    frame_<id>_scene.png         triangulated and true 3D poses, and the cameras

and, over all frames of the file,

    residuals.png                2D minus reprojection of each camera's inliers: a cloud
                                 beside the cross is a calibration (or a model) that is
                                 off

--predictions reads what MMPose's CocoMetric(outfile_prefix=...) writes in
tools/test.py (.json; persons of one image are told apart by their boxes), or the
scores of an active-learning round (round_NN/scores.npz). Views that it lacks are left
out.
"""

import argparse
import os.path as osp
import sys
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

sys.path.insert(0, osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__)))))

import cv2
import numpy as np

from mmpose_al.active_learning.statistics import load_views
from mmpose_al.datasets.boxes import overlaps
from mmpose_al.datasets.choice import camera_name, chosen_camera_ids
from mmpose_al.datasets.format import FormatError, load_multiview
from mmpose_al.evaluation.mkpe import (
    group_views,
    reprojection_residuals,
    residuals_by_camera,
    triangulate_views,
)
from mmpose_al.fileio import is_int, is_number, message, read_json
from mmpose_al.visualization import draw_scene, draw_views, plot_residuals


class View(NamedTuple):
    """One person in one image of a camera."""

    image: dict
    annotation: dict
    camera: dict
    labels: np.ndarray  # (K, 2) pixels, NaN where not labelled
    found: np.ndarray  # (K, 3) pixels and score: the prediction, or else the labels


def main(argv=None) -> None:
    args = parse_args(argv)
    try:
        draw(args)
    except (ValueError, OSError) as error:
        sys.exit(f'draw_multiview: {error}')


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('ann_file', help='multi-view JSON file')
    parser.add_argument('--out', required=True, help='folder that takes the pictures')
    parser.add_argument(
        '--img-root',
        help='folder that the file names of images are relative to; default: that of ANN_FILE',
    )
    parser.add_argument('--blank', action='store_true', help='draw on white, without images')
    parser.add_argument(
        '--frames',
        type=int,
        nargs='+',
        metavar='ID',
        help='ids of the frames to draw; default: --num of them',
    )
    parser.add_argument(
        '--num',
        type=int,
        default=4,
        help='frames to draw, spread '
        'evenly over the file; 0: only the residuals; default '
        '%(default)s',
    )
    parser.add_argument(
        '--cameras',
        nargs='+',
        metavar='NAME',
        help='names or ids of the cameras to use; default: all',
    )
    parser.add_argument('--predictions', metavar='FILE', help='.json or .npz, see above')
    parser.add_argument(
        '--threshold',
        type=float,
        default=20.0,
        help='largest reprojection error of an inlier, pixels; default %(default)s',
    )
    parser.add_argument('--min-score', type=float, help='predictions below it do not take part')
    parser.add_argument(
        '--crop',
        type=float,
        metavar='FACTOR',
        help="show only so many times the person's box, such as 1.5",
    )
    parser.add_argument(
        '--height', type=int, default=320, help='of a view in a sheet, pixels; default %(default)s'
    )
    parser.add_argument('--limit', type=float, help='half side of the panels of residuals, pixels')
    args = parser.parse_args(argv)
    for name, low in (('threshold', 0), ('crop', 0), ('height', 0), ('limit', 0)):
        value = getattr(args, name)
        if value is not None and not value > low:
            parser.error(f'--{name} is above {low}; got {value}')
    if args.num < 0:
        parser.error(f'--num is 0 or more; got {args.num}')
    return args


def draw(args: argparse.Namespace) -> None:
    """Read, triangulate, write the pictures and say what they show."""
    data = load_multiview(args.ann_file)
    predictions = None
    if args.predictions:
        predictions = read_predictions(args.predictions, data, args.ann_file)
    chosen = chosen_camera_ids(as_cameras(args.cameras, data), data['cameras'], args.ann_file)
    persons = collect_views(data, predictions, chosen)
    if not persons:
        what = 'predicted' if args.predictions else 'labelled'
        raise ValueError(
            f'{args.ann_file}: no image with a frame and a camera has a person with '
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
    points, inliers = triangulate_views(views, args.threshold, min_score=args.min_score)
    residuals = reprojection_residuals(views, points)
    reprojected = views.pixels - residuals
    frames = choose_frames(args.frames, args.num, data, views.keys[:, 0], args.ann_file)
    skeleton = bones(data)
    sheets = scenes = 0
    for frame in frames:
        groups = np.flatnonzero(views.keys[:, 0] == frame)
        scene, seen = {}, {}
        for group in groups:
            person = int(views.keys[group, 1])
            members = persons[frame, person]
            here = np.s_[group, :, : len(members)]
            draw_sheet(
                args,
                members,
                skeleton,
                reprojected[here].swapaxes(0, 1),
                inliers[here].T,
                f'frame_{frame:06d}_person_{person}.png',
            )
            sheets += 1
            truth = np.where(views.truth[group, :, 3:] > 0, views.truth[group, :, :3], np.nan)
            for name, pose in (('true', truth), ('triangulated', points[group])):
                if np.isfinite(pose).all(-1).any():
                    scene[f'person {person}, {name}'] = pose
            seen.update((view.camera['id'], view.camera) for view in members)
        if scene:
            draw_scene(
                scene,
                skeleton,
                osp.join(args.out, f'frame_{frame:06d}_scene.png'),
                [seen[key] for key in sorted(seen)],
            )
            scenes += 1
        else:
            print(f'frame {frame}: no joint triangulates and none is known: no scene')
    residuals[~inliers] = np.nan
    by_camera = residuals_by_camera(views, residuals)
    plot_residuals(by_camera, osp.join(args.out, 'residuals.png'), args.limit)
    observed = np.isfinite(views.pixels).all(-1).sum(2) > 0
    failed = (np.isnan(points).any(-1) & observed).sum() / max(observed.sum(), 1)
    print(
        f'{args.out}: {sheets} sheets, {scenes} scenes, residuals of '
        f'{len(by_camera)} cameras over {len(views.keys)} persons in frames '
        f'({100 * failed:.1f} % of their joints do not triangulate at '
        f'{args.threshold:g} px)'
    )


def draw_sheet(
    args: argparse.Namespace,
    members: Sequence[View],
    skeleton,
    reprojected: np.ndarray,
    inliers: np.ndarray,
    name: str,
) -> None:
    """All views of one person; ``reprojected`` (V, K, 2), ``inliers`` (V, K)."""
    root = osp.dirname(args.ann_file) if args.img_root is None else args.img_root
    found = np.stack([view.found[:, :2] for view in members])
    titles, predicted = [view.camera['name'] for view in members], found
    if not args.predictions:  # the labels are both; say how far the calibration is off
        predicted = None
        titles = [
            title + reprojection_text(points, again)
            for title, points, again in zip(titles, found, reprojected)
        ]
    boxes = None
    if args.crop:
        boxes = np.stack(
            [
                enlarged(
                    view.annotation.get('bbox')
                    or [0, 0, view.image['width'], view.image['height']],
                    args.crop,
                )
                for view in members
            ]
        )
    draw_views(
        [read_image(view.image, root, args.blank) for view in members],
        titles,
        skeleton,
        osp.join(args.out, name),
        true=np.stack([view.labels for view in members]),
        predicted=predicted,
        reprojected=reprojected,
        inliers=None if predicted is None else inliers,
        boxes=boxes,
        height=args.height,
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


def read_predictions(path: str, data: dict, ann_file: str) -> Dict[int, np.ndarray]:
    """Predicted joints of the file's annotations.

    Returns:
        dict: Annotation id -> (K, 3): x, y in pixels of the image and score.

    Raises:
        ValueError: It is no file of a kind that is read, or of other annotations.
    """
    if path.endswith(('.pkl', '.pickle')):
        raise ValueError(
            f'{path}: a pickle can run any code and is not read. Let CocoMetric with '
            'outfile_prefix write the predictions as JSON (docs/metrics.md)'
        )
    if path.endswith('.npz'):
        views = load_views(path)
        rows = np.concatenate([views.keypoints, views.scores[..., None]], -1)
        found = dict(zip(views.id.tolist(), rows.astype(float)))
    else:
        found = match_results(read_json(path), data, path)
    ids = {annotation['id'] for annotation in data['annotations']}
    strange = next((key for key in found if key not in ids), None)
    if strange is not None or not found:
        problem = (
            f'{strange} is not the id of an annotation of {ann_file}'
            if found
            else 'holds no prediction'
        )
        raise FormatError(f'{path}: {problem}. Give the predictions of this file')
    joints = {
        len(category['keypoints']) for category in data['categories'] if category.get('keypoints')
    } | {len(rows) for rows in found.values()}
    if len(joints) > 1:
        raise FormatError(
            f'{path}: has other numbers of joints than {ann_file}: '
            f'{sorted(joints)}. Give the predictions of this file'
        )
    return found


def match_results(results: list, data: dict, path: str) -> Dict[int, np.ndarray]:
    """COCO keypoint results as annotation id -> (K, 3).

    In an image of several persons a result belongs to the annotation whose box it
    overlaps most; of two for one person the one with the higher score counts, and one
    that overlaps none is left out.
    """
    if not isinstance(results, list):
        raise FormatError(
            f'{path}: holds a {type(results).__name__}, not a list of COCO keypoint results'
        )
    by_image = {image['id']: [] for image in data['images']}
    for annotation in data['annotations']:
        by_image[annotation['image_id']].append(annotation)
    found = {}
    for index, result in enumerate(results):

        def fail(field, problem, remedy):
            raise FormatError(message(path, f'[{index}]', field, problem, remedy))

        if not isinstance(result, dict):
            fail('entry', f'is a {type(result).__name__}', 'write {image_id, keypoints, score}')
        if not is_int(result.get('image_id')) or result['image_id'] not in by_image:
            fail(
                'image_id',
                f'{result.get("image_id")!r} is not the id of an image',
                'give the results of this annotation file',
            )
        try:
            points = np.array(result['keypoints'], float).reshape(-1, 3)
        except (KeyError, TypeError, ValueError):
            points = np.zeros((0, 3))
        if not len(points):
            fail('keypoints', 'is no list of x, y and score', 'write COCO results')
        bbox, score = result.get('bbox'), result.get('score', 1)
        if bbox is not None and not (
            isinstance(bbox, list) and len(bbox) == 4 and all(map(is_number, bbox))
        ):
            fail('bbox', f'is {bbox!r}', 'write [x, y, width, height], or leave it out')
        if not is_number(score):
            fail('score', f'is {score!r}', 'write a number, or leave it out')
        annotation = owner(by_image[result['image_id']], bbox, points)
        if annotation is not None and score >= found.get(annotation, (-np.inf,))[0]:
            found[annotation] = score, points
    return {key: points for key, (_, points) in found.items()}


def owner(
    annotations: Sequence[dict], bbox: Optional[Sequence[float]], points: np.ndarray
) -> Optional[int]:
    """Id of the annotation that a result belongs to; None if it overlaps none."""
    if len(annotations) < 2:
        return annotations[0]['id'] if annotations else None
    if bbox is None:
        low, high = points[:, :2].min(0), points[:, :2].max(0)
        bbox = np.concatenate([low, high - low])
    boxes = np.array([bbox, *(a.get('bbox') or [0] * 4 for a in annotations)], float)
    with np.errstate(invalid='ignore'):  # a box without an area overlaps nothing
        shares = np.nan_to_num(overlaps(boxes)[0, 1:])
    best = int(shares.argmax())
    return annotations[best]['id'] if shares[best] > 0 else None


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


def bones(data: dict) -> List[Tuple[int, int]]:
    """Pairs of joint indices from 0, of the first category that has some."""
    for category in data['categories']:
        if category.get('skeleton'):
            return [(int(a) - 1, int(b) - 1) for a, b in category['skeleton']]
    return []


def read_image(image: dict, root: str, blank: bool = False) -> np.ndarray:
    """The picture (h, w, 3), uint8, BGR, checked against the size in the file."""
    size = image['width'], image['height']
    if blank:
        return np.full((size[1], size[0], 3), 255, np.uint8)
    path = osp.join(root, image['file_name'])
    if not osp.isfile(path):
        raise FileNotFoundError(
            f'{path}: no such image. Give the folder of the images as --img-root, or '
            'draw without them: --blank'
        )
    picture = cv2.imread(path)
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


if __name__ == '__main__':
    main()
