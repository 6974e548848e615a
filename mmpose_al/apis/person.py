"""The pose of one person in an image, with any 2D or 3D config."""

from typing import Optional, Sequence

import numpy as np
from mmengine.config import Config
from mmpose.apis import inference_topdown, init_model

from .pose3d_inferencer import Pose3DInferencer


def predict_person(
    image: np.ndarray,
    config: Config,
    checkpoint: str,
    box: Optional[Sequence[float]] = None,
    device: str = 'cpu',
) -> tuple:
    """Joints of one person; of several networks those of the ensemble.

    Args:
        image (ndarray): (H, W, 3), BGR.
        config (Config): Of the model.
        checkpoint (str): Its weights.
        box (Sequence[float], optional): x, y, width, height; by default the whole image.
        device (str): As PyTorch names it.

    Returns:
        tuple: Keypoints (K, 2) in pixels, scores (K, ), and links of the skeleton.
    """
    x, y, w, h = box or (0, 0, image.shape[1], image.shape[0])
    pipeline = config.test_dataloader.dataset.get('pipeline', [])
    if 'InputCamera' in [step['type'] for step in pipeline]:
        inferencer = Pose3DInferencer(config, checkpoint, device)
        (person,) = inferencer(image, boxes=[(x, y, w, h)])
        return person['keypoints'], person['scores'], inferencer.links
    # With cfg_options given, init_model takes configs without model.backbone too.
    model = init_model(config, checkpoint, device=device, cfg_options={})
    found = inference_topdown(model, image, np.array([[x, y, x + w, y + h]]))[0].pred_instances
    return (
        found.keypoints[0],
        found.keypoint_scores[0],
        model.dataset_meta.get('skeleton_links', []),
    )
