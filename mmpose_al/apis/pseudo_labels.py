"""A trained model's keypoints as the labels of images that have none (Iqbal20, Sec. 3.3)."""

from typing import Dict, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmpose.registry import DATASETS

from ..fileio import read_json
from .pose3d_inferencer import load_model


def pseudo_labels(
    config: Config, checkpoint: str, key: str, threshold: float, device: str = 'cpu'
) -> dict:
    """The content of a data set's file with predicted keypoints, see :func:`relabel`.

    Args:
        config (Config): The one that the checkpoint was trained with.
        checkpoint (str): Weights.
        key (str): Of the data set in the config.
        threshold (float): Keypoints with a confidence above it are labels.
        device (str): As PyTorch names it.

    Raises:
        ValueError: There is no such data set, or the weights are of another model.
    """
    source = source_of(config, key)
    model, _ = load_model(config, checkpoint, device)
    dataset = DATASETS.build(
        dict(
            source,
            pipeline=list(source.get('pipeline', [])) + config.test_dataloader.dataset.pipeline,
            test_mode=True,
        )
    )
    return relabel(read_json(dataset.ann_file), predict(model, dataset), threshold)


def relabel(data: dict, found: Dict[int, Tuple[np.ndarray, np.ndarray]], threshold: float) -> dict:
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
        annotations.append(
            dict(
                annotation,
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
