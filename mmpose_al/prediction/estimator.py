"""A trained model as a function from crops of images to keypoints."""

from typing import List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate

from ..apis.pose3d_inferencer import guess_intrinsics, load_model, person_in
from ..confidence import ConfidenceMap
from .boxes import Box
from .predictions import Skeleton

ENSEMBLE, TEACHER = 'ensemble', 'teacher'


class Estimator:
    """Keypoints of bodies in boxes, by a top-down model of MMPose or of this package.

    The test pipeline and the model's own test settings (flip test, ensemble, decoding) hold,
    as in an evaluation.

    Args:
        config (Config): Its test pipeline makes the network's input.
        checkpoint (str): Weights.
        device (str): As PyTorch names it.
        network (str, optional): Of several networks the one that predicts: ``'ensemble'``,
            ``'teacher'`` or the number of a student. None: as the config says.
        confidence (ConfidenceMap, optional): Makes confidence of the model's scores.

    Raises:
        ValueError: The checkpoint is of another model, the model has no such network, or the
            pipeline takes no boxes.
    """

    def __init__(
        self,
        config: Config,
        checkpoint: Optional[str],
        device: str = 'cpu',
        network: Optional[str] = None,
        confidence: Optional[ConfidenceMap] = None,
    ):
        self.confidence = confidence
        pipeline = config.test_dataloader.dataset.get('pipeline') or []
        steps = [step['type'] for step in pipeline]
        if 'GetBBoxCenterScale' not in steps:
            raise ValueError(
                f'the test pipeline ({", ".join(map(str, steps))}) takes no boxes; only top-down '
                'models are predicted with'
            )
        self.model, self.meta = load_model(_choose(config, network), checkpoint, device)
        self.pipeline = Compose(pipeline)
        self.with_camera = 'InputCamera' in steps

    @property
    def skeleton(self) -> Skeleton:
        """Names of the joints, and links."""
        names = self.meta['keypoint_id2name']
        links = self.meta.get('skeleton_links') or []
        return Skeleton(
            [names[index] for index in range(len(names))],
            [(int(start), int(end)) for start, end in links],
        )

    def prepare(self, image: np.ndarray, boxes: Sequence[Box]) -> List[dict]:
        """The network's input of each box, made on the CPU.

        Args:
            image (ndarray): (H, W, 3), uint8, BGR.
            boxes (list[Box]): In pixels of the image.
        """
        height, width = image.shape[:2]
        camera = None
        if self.with_camera:  # only the depth depends on it
            K = guess_intrinsics(width, height)
            camera = dict(K=K, R=np.eye(3), t=np.zeros(3), dist=[])
        return [
            self.pipeline(person_in(image, box.xywh, number, self.meta, camera))
            for number, box in enumerate(boxes)
        ]

    @torch.no_grad()
    def __call__(self, samples: Sequence[dict]) -> Tuple[np.ndarray, np.ndarray]:
        """Keypoints in pixels of the image, (N, K, 2), and their confidence, (N, K).

        Args:
            samples (list[dict]): N of :meth:`prepare`, which go through the network together.
        """
        found = [s.pred_instances for s in self.model.test_step(pseudo_collate(list(samples)))]
        keypoints = np.stack([np.asarray(each.keypoints[0], float) for each in found])
        scores = np.stack([np.asarray(each.keypoint_scores[0], float) for each in found])
        return keypoints[..., :2], scores if self.confidence is None else self.confidence(scores)


def _choose(config: Config, network: Optional[str]) -> Config:
    """The config with the network that is asked for."""
    if network is None:
        return config
    students = config.model.get('students')
    if students is None:
        raise ValueError(
            f'{config.model.type} is a single network, which --network {network} cannot choose '
            'from; leave it out'
        )
    if network not in (ENSEMBLE, TEACHER) and not network.isdigit():
        raise ValueError(
            f"the network is 'ensemble', 'teacher' or the number of a student; got {network!r}"
        )
    chosen = int(network) if network.isdigit() else network
    config = Config(config.to_dict() if hasattr(config, 'to_dict') else dict(config))
    config.model.test_cfg = dict(config.model.get('test_cfg') or {}, predict=chosen)
    return config
