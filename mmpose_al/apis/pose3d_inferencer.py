"""Pose3DInferencer: images and videos in, 3D poses as plain data out."""

import os.path as osp
from typing import Dict, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import load_checkpoint
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS, MODELS

from ..datasets.format import has_area
from ..datasets.images import read_picture
from ..datasets.videos import open_video
from ..geometry import DIST_LENGTHS
from ..geometry.intrinsics import focal_fault
from ..models.heads.heatmap_2p5d import Heatmap2p5DHead

FORMAT, VERSION = 'mmpose_al-poses3d', 1
IMAGES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff')


class Pose3DInferencer:
    """3D poses in camera coordinates from single images (Iqbal20).

    Works with every config whose network has a ``Heatmap2p5DHead``.

    Args:
        config (str | Config): Its test pipeline makes the network's input.
        checkpoint (str, optional): Weights; None leaves random ones.
        device (str): Where to compute.

    Raises:
        ValueError: The config's network has another head, its pipeline no
            ``InputCamera``, or the checkpoint is of another model.
    """

    def __init__(
        self, config: Union[str, Config], checkpoint: Optional[str] = None, device: str = 'cpu'
    ):
        if not isinstance(config, Config):
            config = Config.fromfile(config)
        self.model, self.meta = load_model(config, checkpoint, device)
        if not isinstance(getattr(self.model, 'head', None), Heatmap2p5DHead):
            raise ValueError(
                'Pose3DInferencer needs a network with a Heatmap2p5DHead; take a '
                'config of configs/weakly_supervised_3d'
            )
        pipeline = config.test_dataloader.dataset.pipeline
        if 'InputCamera' not in [step['type'] for step in pipeline]:
            raise ValueError(
                "the config's test pipeline has no InputCamera, which "
                'takes the intrinsics along with the crop'
            )
        self.pipeline = Compose(pipeline)

    @property
    def joints(self) -> List[str]:
        """Names of the joints."""
        names = self.meta['keypoint_id2name']
        return [names[index] for index in range(len(names))]

    @property
    def links(self) -> list:
        """Pairs of joints to draw."""
        return list(self.meta.get('skeleton_links', []))

    @property
    def unit(self) -> str:
        """``'mm'``, or ``'pair'`` where the head knows no mean limb lengths."""
        return 'mm' if self.model.head.limbs else 'pair'

    @torch.no_grad()
    def __call__(
        self,
        image: np.ndarray,
        K: Optional[np.ndarray] = None,
        boxes: Optional[Sequence] = None,
        dist: Sequence[float] = (),
    ) -> List[Dict]:
        """Poses of the people in an image.

        Args:
            image (np.ndarray): BGR, uint8, (H, W, 3).
            K (np.ndarray, optional): Intrinsics in pixels, (3, 3); None:
                :func:`guess_intrinsics`.
            boxes (Sequence, optional): P boxes x, y, w, h that show some of the image;
                None: one, the whole image.
            dist (Sequence[float]): Distortion in OpenCV's order.

        Returns:
            list[dict]: For each box ``bbox`` (4), ``keypoints`` (J, 2) in pixels,
            ``scores`` (J), ``keypoints_3d`` (J, 3), x right, y down, z forward from the
            camera, in :attr:`unit`; None where the root's depth is not defined.

        Raises:
            ValueError: The image, K, dist or a box is none.
        """
        if not isinstance(image, np.ndarray) or image.ndim != 3 or image.shape[2] != 3:
            raise ValueError(
                'an image is an array (H, W, 3); got '
                f'{getattr(image, "shape", type(image).__name__)}'
            )
        height, width = image.shape[:2]
        K = check_intrinsics(guess_intrinsics(width, height) if K is None else K)
        fault = focal_fault(K, (width, height))
        if fault:
            raise ValueError(f'K {fault}; write it in pixels of this image')
        boxes = [(0, 0, width, height)] if boxes is None else boxes
        camera = dict(K=K, R=np.eye(3), t=np.zeros(3), dist=check_distortion(dist))
        samples = [
            self.pipeline(
                person_in(image, check_box(box, width, height), number, self.meta, camera)
            )
            for number, box in enumerate(boxes)
        ]
        if not samples:
            return []
        result = []
        for box, sample in zip(boxes, self.model.test_step(pseudo_collate(samples))):
            found = sample.pred_instances
            points = np.asarray(found.keypoints_3d[0], float)
            result.append(
                dict(
                    bbox=[float(v) for v in box],
                    keypoints=np.asarray(found.keypoints[0], float),
                    scores=np.asarray(found.keypoint_scores[0], float),
                    keypoints_3d=points if np.isfinite(points).all() else None,
                )
            )
        return result

    def describe(
        self, frames: Sequence[Tuple[int, List[dict]]], K: np.ndarray, source: str
    ) -> dict:
        """Poses of (index, people) of several images as plain data for JSON."""
        return dict(
            format=FORMAT,
            version=VERSION,
            source=osp.basename(source),
            unit=self.unit,
            K=np.asarray(K, float).tolist(),
            joints=self.joints,
            links=[list(map(int, link)) for link in self.links],
            frames=[
                dict(index=int(index), persons=[plain(person) for person in people])
                for index, people in frames
            ],
        )


def person_in(
    image: np.ndarray, box: Sequence[float], number: int, meta: dict, camera: Optional[dict] = None
) -> dict:
    """What a test pipeline takes of a person whose joints nobody knows.

    Args:
        image (np.ndarray): BGR, uint8, (H, W, 3).
        box (Sequence[float]): x, y, w, h.
        number (int): Its id.
        meta (dict): What is known of the joints, see :func:`load_model`.
        camera (dict, optional): ``K``, ``R``, ``t`` and ``dist``, for networks that need it.
    """
    x, y, w, h = box
    count = len(meta['keypoint_id2name'])
    return dict(
        meta,
        img=image,
        img_path=None,
        img_id=0,
        id=number,
        category_id=1,
        bbox=np.array([[x, y, x + w, y + h]], np.float32),
        bbox_score=np.ones(1, np.float32),
        keypoints=np.zeros((1, count, 2), np.float32),
        keypoints_visible=np.zeros((1, count), np.float32),
        **({} if camera is None else dict(camera=camera)),
    )


def load_model(config: Config, checkpoint: Optional[str] = None, device: str = 'cpu') -> tuple:
    """A config's model in evaluation mode, and what is known of its joints.

    The latter is that of the checkpoint, or else of the config's test data; no data
    file is read. The file of joints that the config names may be gone by then: a project that
    was moved has it elsewhere.
    """
    init_default_scope(config.get('default_scope', 'mmpose'))
    model = MODELS.build(config.model)
    found = {} if checkpoint is None else load_weights(model, checkpoint)
    meta = found.get('meta', {}).get('dataset_meta')
    return model.to(device).eval(), meta or metainfo_of(config.test_dataloader.dataset)


def load_weights(model: torch.nn.Module, checkpoint: str) -> dict:
    """Load a checkpoint of a network, or of a ``WeaklySupervisedPose3D`` around it.

    Either goes into either: all weights of the latter are the network's.

    Returns:
        dict: The checkpoint.

    Raises:
        ValueError: It is not one of this model.
    """
    try:
        return load_checkpoint(
            getattr(model, 'network', model),
            checkpoint,
            map_location='cpu',
            strict=True,
            logger='silent',
            revise_keys=[(r'^module\.', ''), (r'^network\.', '')],
        )
    except RuntimeError as error:
        text = ' '.join(str(error).split())
        raise ValueError(
            f'{checkpoint} holds the weights of another model than the config '
            f'describes; take the config that it was trained with ({text[:300]} ...)'
        ) from None


def metainfo_of(dataset: Config) -> dict:
    """Joints and links of a data set's config, without reading its files."""
    given = dataset.get('metainfo') or DATASETS.get(dataset.type).METAINFO
    return parse_pose_metainfo(dict(given))


def plain(person: dict) -> dict:
    """A person of :class:`Pose3DInferencer` without arrays, rounded to 0.001."""
    pose = person['keypoints_3d']
    return dict(
        bbox=person['bbox'],
        keypoints=np.round(np.c_[person['keypoints'], person['scores']], 3).tolist(),
        keypoints_3d=None if pose is None else np.round(pose, 3).tolist(),
    )


def guess_intrinsics(width: int, height: int) -> np.ndarray:
    """K of a camera nobody knows: the focal length 1.2 times the longer side.

    Relative poses hardly depend on it; the distance from the camera grows with it.
    """
    focal = 1.2 * max(width, height)
    return np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1.0]])


def check_intrinsics(K) -> np.ndarray:
    """K as an array.

    Raises:
        ValueError: It is no matrix of intrinsics.
    """
    K = np.asarray(K, np.float64)
    if (
        K.shape != (3, 3)
        or not np.isfinite(K).all()
        or not (K[0, 0] > 0 and K[1, 1] > 0)
        or not np.allclose(K[2], [0, 0, 1])
    ):
        raise ValueError(
            'K is a 3x3 matrix with positive focal lengths and 0, 0, 1 in '
            f'its last row; got {K.tolist()}'
        )
    return K


def check_distortion(dist) -> List[float]:
    """Distortion coefficients as a list.

    Raises:
        ValueError: They are not as many finite numbers as OpenCV knows.
    """
    array = np.asarray(dist, np.float64)
    if array.ndim != 1 or len(array) not in DIST_LENGTHS or not np.isfinite(array).all():
        raise ValueError(
            f'dist is {", ".join(map(str, DIST_LENGTHS))} finite numbers '
            f"in OpenCV's order; got {array.tolist()}"
        )
    return array.tolist()


def check_box(box, width: int, height: int) -> List[float]:
    """A box x, y, w, h of an image as a list.

    Raises:
        ValueError: It is none, or has no area inside the image.
    """
    array = np.asarray(box, np.float64)
    if array.shape != (4,) or not np.isfinite(array).all() or not has_area(array, width, height):
        raise ValueError(
            'a box is four finite numbers x, y, w, h with an area inside '
            f'the {width}x{height} image; got {array.tolist()}'
        )
    return array.tolist()


def read_frames(
    path: str, step: int = 1, limit: Optional[int] = None
) -> Iterator[Tuple[int, np.ndarray]]:
    """(index, BGR image) of an image, or of every ``step``-th frame of a video.

    Both are turned as a player shows them.

    Raises:
        ValueError: Nothing can be read, or ``step`` or ``limit`` is below 1.
    """
    if step < 1 or (limit is not None and limit < 1):
        raise ValueError(f'step and limit are at least 1; got {step} and {limit}')
    if path.lower().endswith(IMAGES):
        image = read_picture(path)
        if image is None:
            raise ValueError(f'{path}: no such image, or not readable')
        yield 0, image
        return
    video = open_video(path)
    try:
        if not osp.exists(path) or not video.isOpened():
            raise ValueError(f'{path}: no such video, or not readable')
        index = given = 0
        while limit is None or given < limit:
            more, image = video.read()
            if not more:
                break
            if index % step == 0:
                yield index, image
                given += 1
            index += 1
        if not index:
            raise ValueError(f'{path}: the video has no frame')
    finally:
        video.release()
