"""Write a trained model's keypoints as the labels of images that have none.

    python tools/pseudo_labels.py CONFIG CHECKPOINT --out pseudo.json \
        [--threshold 0.5] [--data train_dataloader.dataset.unlabeled]

CONFIG is the one that CHECKPOINT was trained with, or a WeaklySupervisedPose3D around
the same network; --data names the images by a key of it.

Made once and kept fixed, they regularise weakly supervised training (Iqbal20,
Sec. 3.3). The file is that of the data set with other keypoints: those with a
confidence above the threshold count as visible (v = 2), the others are unlabelled.
Annotations of other cameras or splits, and all 3D poses, are left out.
"""

import argparse
import os.path as osp
import sys
from typing import Dict, Tuple

sys.path.insert(0, osp.dirname(osp.dirname(osp.abspath(__file__))))

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmpose.registry import DATASETS

from mmpose_al.apis import load_model
from mmpose_al.fileio import read_json, write_json


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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--out', required=True)
    parser.add_argument('--threshold', type=float, default=0.5)
    parser.add_argument(
        '--data',
        default='train_dataloader.dataset.unlabeled',
        help='key of a data set in the config; by default %(default)s',
    )
    parser.add_argument('--device', default='cpu')
    args = parser.parse_args()
    config = Config.fromfile(args.config)
    try:
        source = source_of(config, args.data)
        model, _ = load_model(config, args.checkpoint, args.device)
    except ValueError as error:
        sys.exit(f'pseudo_labels: {error}')
    dataset = DATASETS.build(
        dict(
            source,
            pipeline=list(source.get('pipeline', [])) + config.test_dataloader.dataset.pipeline,
            test_mode=True,
        )
    )
    data = read_json(dataset.ann_file)
    data = relabel(data, predict(model, dataset), args.threshold)
    labels = sum(a['num_keypoints'] for a in data['annotations'])
    joints = sum(len(a['keypoint_scores']) for a in data['annotations'])
    if not labels:
        sys.exit(
            f'pseudo_labels: none of {joints} joints is above {args.threshold}; '
            'has this network learnt anything? Nothing was written'
        )
    write_json(args.out, data, indent=None, nan_as_null=False)
    print(
        f'{args.out}: {labels} of {joints} joints of {len(data["annotations"])} '
        f'persons above {args.threshold}'
    )


if __name__ == '__main__':
    main()
