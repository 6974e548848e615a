"""Would the losses on views prefer the true depths, with this network's 2D joints?"""

from typing import Dict, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.registry import MODELS

from ..apis import load_weights


@torch.no_grad()
def losses_of_depths(model, pose, samples: Sequence) -> Dict[str, Dict[str, float]]:
    """Losses of the predicted, true and flat depths under the predicted 2D joints.

    Args:
        model (WeaklySupervisedPose3D): Gives the losses and their weights.
        pose (Pose2p5D): Of the samples, whole groups of views.
        samples (Sequence): Their ``gt_instance_labels`` have ``relative_depth``.

    Returns:
        dict: Row -> loss -> value; ``sum`` is that of the losses.
    """
    true = torch.cat([torch.as_tensor(s.gt_instance_labels.relative_depth) for s in samples]).to(
        pose.relative
    )
    rows = dict(predicted=pose.relative, true=true, flat=torch.zeros_like(true))
    result = {}
    for name, depth in rows.items():
        found = {
            key: float(value)
            for key, value in model.view_losses(pose._replace(relative=depth), samples).items()
        }
        found['sum'] = sum(v for key, v in found.items() if 'loss' in key)
        result[name] = found
    return result


def joint_errors(pose, samples: Sequence, decoder) -> np.ndarray:
    """Errors of the labelled 2D joints in parts of their pose's longer side, (N, )."""
    errors = []
    for pixels, sample in zip(pose.pixels.cpu().numpy(), samples):
        known = np.asarray(sample.gt_instance_labels.keypoint_weights)[0] > 0
        truth = decoder.decode(sample.gt_fields.heatmaps.cpu().numpy())[0][0]
        if known.sum() > 1:
            side = np.ptp(truth[known], axis=0).max()
            errors.append(np.linalg.norm(pixels - truth, axis=1)[known] / side)
    return np.concatenate(errors) if errors else np.zeros(0)


def show(rows: Dict[str, Dict[str, float]], errors: np.ndarray) -> str:
    """The report as text."""
    names = [name for name in rows['true'] if name != 'sum'] + ['sum']
    short = [name.replace('unsup_loss_', '') for name in names]
    lines = []
    if len(errors):
        lines.append(
            f'2D joints are off by {100 * np.median(errors):.1f} % of the '
            f"person's longer side (median; mean {100 * errors.mean():.1f} %)"
        )
    lines.append(f'{"depths":12}' + ''.join(f'{name:>14}' for name in short))
    lines += [
        f'{row:12}' + ''.join(f'{values[name]:14.4f}' for name in names)
        for row, values in rows.items()
    ]
    best = min(rows, key=lambda row: rows[row]['sum'])
    lines.append(
        {
            'true': 'The true depths have the lowest sum.',
            'flat': 'Flat depths have the lowest sum: with these 2D joints training on views '
            'will not find the true depths.',
            'predicted': 'The predicted depths have the lowest sum: they fit these 2D joints '
            'better than the true ones do, as after training on views.',
        }[best]
    )
    return '\n'.join(lines)


def median_error(errors: np.ndarray) -> Optional[float]:
    """Of :func:`joint_errors`; None without any."""
    return float(np.median(errors)) if len(errors) else None


def with_3d_poses(config: Config, name: str) -> None:
    """Let the unlabelled sources of a config read their 2D and 3D poses.

    Raises:
        ValueError: It has no losses on views, or a source has another skeleton.
    """
    sources = config.train_dataloader.dataset.get('unlabeled')
    if not config.model.get('multi_view') or not sources:
        raise ValueError(
            f'{name} has no multi_view loss or no unlabelled views; take a weakly supervised config'
        )
    for source in sources if isinstance(sources, list) else [sources]:
        if any(step['type'] == 'KeypointConverter' for step in source.get('pipeline', [])):
            raise ValueError(
                f'{source.ann_file}: its views are read without their '
                'joints (KeypointConverter), so their 3D poses are of another '
                'skeleton; take a config without that source'
            )
        source.update(poses_3d=True, need_keypoints=True)


def view_losses(
    config: Config, name: str, checkpoint: str, batches: int
) -> Tuple[Dict[str, Dict[str, float]], np.ndarray]:
    """Mean losses of three kinds of depths, and errors of the 2D joints.

    Args:
        config (Config): A weakly supervised one; its sources are changed.
        name (str): Of the config, for messages.
        checkpoint (str): Of the network or of the whole model.
        batches (int): The most that are taken.

    Returns:
        tuple: Row -> loss -> value, see :func:`losses_of_depths`, and errors, see
        :func:`joint_errors`.

    Raises:
        ValueError: See :func:`with_3d_poses`, or the views have no 3D poses.
    """
    with_3d_poses(config, name)
    init_default_scope('mmpose')
    model = MODELS.build(config.model)
    load_weights(model, checkpoint)
    model.eval()
    total, errors = {}, []
    loader = Runner.build_dataloader(config.train_dataloader, seed=0)
    for _, batch in zip(range(batches), loader):
        data = model.data_preprocessor(batch, False)
        chosen = [
            i for i, sample in enumerate(data['data_samples']) if not sample.metainfo['is_labeled']
        ]
        samples = [data['data_samples'][i] for i in chosen]
        with torch.no_grad():
            pose = model.head.pose(model.network.extract_feat(data['inputs'][chosen]))
        if not any(s.gt_instance_labels.relative_depth_weights.any() for s in samples):
            raise ValueError(
                'the unlabelled views have no 3D poses in their '
                'file, so there are no true depths to compare with'
            )
        for row, values in losses_of_depths(model, pose, samples).items():
            for key, value in values.items():
                total.setdefault(row, {}).setdefault(key, []).append(value)
        errors.append(joint_errors(pose, samples, model.head.decoder))
    rows = {
        row: {key: float(np.mean(values)) for key, values in found.items()}
        for row, found in total.items()
    }
    return rows, np.concatenate(errors)
