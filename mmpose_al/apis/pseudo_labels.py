"""A trained model's keypoints as the labels of images that have none (Iqbal20, Sec. 3.3)."""

from typing import Dict, List, Optional, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmpose.registry import DATASETS

from ..datasets.format import WEIGHTS, camera_names
from ..fileio import FileError, read_json
from ..geometry.running_median import running_median
from .pose3d_inferencer import load_model

Found = Dict[int, Tuple[np.ndarray, np.ndarray]]


def pseudo_labels(
    config: Config,
    checkpoint: str,
    key: str,
    threshold: float,
    device: str = 'cpu',
    smooth: Optional[int] = None,
) -> dict:
    """The content of a data set's file with predicted keypoints, see :func:`relabel`.

    Args:
        config (Config): The one that the checkpoint was trained with.
        checkpoint (str): Weights.
        key (str): Of the data set in the config.
        threshold (float): Keypoints with a confidence above it are labels.
        device (str): As PyTorch names it.
        smooth (int, optional): How many frames before and after take part in a keypoint, see
            :func:`smoothed`; None: none.

    Raises:
        ValueError: There is no such data set, or the weights are of another model.
        FileError: Keypoints are smoothed, and the file does not say what follows what.
    """
    source = source_of(config, key)
    if config.get('test_dataloader') is None:
        raise ValueError(
            'the config has no test_dataloader, whose pipeline prepares the images that are '
            'predicted; write one, as that of validation'
        )
    model, _ = load_model(config, checkpoint, device)
    dataset = DATASETS.build(
        dict(
            source,
            pipeline=list(source.get('pipeline', [])) + config.test_dataloader.dataset.pipeline,
            test_mode=True,
        )
    )
    data, found = read_json(dataset.ann_file), predict(model, dataset)
    if smooth is None:
        return relabel(data, found, threshold)
    labels = relabel(data, smoothed(data, found, smooth, dataset.ann_file), threshold)
    labels['info']['pseudo_labels']['smooth'] = smooth
    return labels


def smoothed(data: dict, found: Found, radius: int, path: str = 'the file') -> Found:
    """Keypoints moved to the median of those of the frames around them.

    See :func:`~mmpose_al.geometry.running_median.running_median`, in pixels of the image. A track
    is one person in one camera in one sequence, in the order of ``index``.

    Args:
        data (dict): A COCO file's content with ``frames``.
        found (dict): Annotation id -> keypoints (K, 2) and their confidence (K, ).
        radius (int): Neighbours whose ``index`` differs by at most so much take part.
        path (str): Of the file, for errors.

    Returns:
        dict: The same ids.

    Raises:
        FileError: An image belongs to no frame, or two persons of an image are not told apart.
    """
    result: Found = {}
    for track in tracks(data, found, path):
        numbers = np.array(list(track))
        ids = [track[number] for number in numbers.tolist()]
        points, confidence = (np.stack(each) for each in zip(*(found[i] for i in ids)))
        moved = running_median(points, confidence, numbers, radius)
        result.update((i, pair) for i, *pair in zip(ids, *moved))
    return result


def tracks(data: dict, chosen: Found, path: str = 'the file') -> List[Dict[int, int]]:
    """Annotations of one person in one camera in one sequence: index of the frame -> id, rising.

    Raises:
        FileError: See :func:`smoothed`.
    """
    frames = {frame['id']: frame for frame in data.get('frames', ())}
    images = {image['id']: image for image in data['images']}
    cameras = camera_names(data)
    remedy = 'docs/multiview_format.md tells the fields; or leave out --smooth'
    places: Dict[tuple, Dict[int, int]] = {}
    for annotation in data['annotations']:
        if annotation['id'] not in chosen:
            continue
        image = images[annotation['image_id']]
        frame = frames.get(image.get('frame_id'))
        if frame is None:
            entry = f'image {image["id"]}'
            problem = 'names no frame, so that nothing is before or after it'
            raise FileError.at(path, entry, 'frame_id', problem, remedy)
        camera = cameras.get(image.get('camera_id'), image.get('camera_id'))
        key = (frame['sequence'], camera, annotation.get('person_id'))
        track = places.setdefault(key, {})
        other = track.setdefault(frame['index'], annotation['id'])
        if other != annotation['id']:
            entry = f'annotations {other} and {annotation["id"]}'
            problem = 'are two persons of one image, but nothing tells them apart'
            raise FileError.at(path, entry, 'person_id', problem, remedy)
    return [dict(sorted(track.items())) for track in places.values()]


def relabel(data: dict, found: Found, threshold: float) -> dict:
    """A COCO file's content with predicted keypoints.

    Args:
        data (dict): The content; it is not changed.
        found (dict): Annotation id -> keypoints (K, 2) in image pixels and their
            confidence (K, ). Other annotations are left out.
        threshold (float): Keypoints above it are labels.
    """
    size = {image['id']: (image['width'], image['height']) for image in data['images']}
    annotations = []
    for annotation in data['annotations']:
        if annotation['id'] not in found:
            continue
        keypoints, confidence = found[annotation['id']]
        inside = (
            (keypoints >= 0) & (keypoints <= np.subtract(size[annotation['image_id']], 1))
        ).all(1)
        good = (confidence > threshold) & inside
        rows = np.where(good[:, None], np.c_[keypoints, np.full(len(good), 2.0)], 0.0)
        entry = {key: value for key, value in annotation.items() if key != WEIGHTS}
        annotations.append(
            dict(
                entry,
                keypoints=np.round(rows, 3).ravel().tolist(),
                keypoint_scores=np.round(confidence, 4).tolist(),
                num_keypoints=int(good.sum()),
            )
        )
    info = dict(data.get('info', {}), pseudo_labels=dict(threshold=threshold))
    kept = {k: v for k, v in data.items() if k != 'poses_3d'}
    return dict(kept, info=info, annotations=annotations)


def source_of(config: Config, key: str) -> Config:
    """Config of the data set at a key like ``a.b``; in a list also ``a.b.0``.

    Raises:
        ValueError: There is none, or several.
    """
    found = config
    for part in key.split('.'):
        if isinstance(found, list):
            found = found[int(part)] if part.isdigit() and int(part) < len(found) else None
        else:
            found = found.get(part) if hasattr(found, 'get') else None
    if isinstance(found, list):
        if len(found) > 1:
            raise ValueError(
                f'{key} is a list of {len(found)}; name one by --data '
                f'{key}.0 to --data {key}.{len(found) - 1}'
            )
        found = found[0] if found else None
    if found is None:
        raise ValueError(f'the config has no {key}; name a data set by --data')
    return found


@torch.no_grad()
def predict(model, dataset, batch_size: int = 50) -> dict:
    """Annotation id -> keypoints in image pixels and confidence."""
    found = {}
    for start in range(0, len(dataset), batch_size):
        samples = [dataset[i] for i in range(start, min(start + batch_size, len(dataset)))]
        for sample in model.test_step(pseudo_collate(samples)):
            found[int(sample.metainfo['id'])] = (
                np.asarray(sample.pred_instances.keypoints[0], float),
                np.asarray(sample.pred_instances.keypoint_scores[0], float),
            )
    return found
