"""Predicted keypoints from a file: COCO results, or the scores of an active-learning round."""

from typing import Dict, Optional, Sequence

import numpy as np

from ..active_learning.statistics import load_views
from ..datasets.boxes import overlaps
from ..datasets.format import FormatError
from ..fileio import is_int, is_number, read_json


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
            raise FormatError.at(path, f'[{index}]', field, problem, remedy)

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
        except (KeyError, TypeError, ValueError, OverflowError):
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
