"""InputCamera: the camera of the network's input, and 2.5D targets of a 3D pose."""

from typing import Optional, Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS
from mmpose.structures.bbox import get_udp_warp_matrix, get_warp_matrix

from ...geometry.cameras import ODD_IN_X, transform_intrinsics
from ...geometry.depth import to_2p5d
from .rand_augment import TURNED


@TRANSFORMS.register_module()
class InputCamera(BaseTransform):
    """Take the intrinsics along with the crop; make depth targets (Iqbal20, App. A).

    Stands after ``TopdownAffine``, which crops, scales and rotates the image by one
    affine map A: the intrinsics of the input are ``A K``; distortion stays what it was.
    ``RandomFlip`` mirrors the world: the principal point moves, and left and right
    joints of the pose swap.

    Required keys: ``camera`` and ``input_size``; ``pose_3d`` where it is known
    (:class:`~mmpose_al.datasets.MultiViewCocoDataset` gives both). Added keys, for
    ``PackPoseInputs(meta_keys=...)``: ``input_K`` (3, 3) and ``input_dist`` (14, ),
    float32, ``input_R`` (3, 3) and ``input_t`` (3, ) from world to camera; for the
    codec: ``relative_depth`` and ``relative_depth_weights`` (1, J), zero where the pose
    is not known.

    Args:
        pair (Sequence[int], optional): Joints whose distance scales the pose (neck,
            pelvis). Without it there are no targets of depth, only the camera.
        root (int, optional): The joint that depth is relative to (pelvis); goes with
            ``pair``.
        use_udp (bool): As that of ``TopdownAffine``.
        with_depth (bool): False leaves the 3D pose out, for training without it.
        optional (bool): Whether a sample may have no camera, as images with 2D labels
            alone; it then has no ``input_K`` and can be no view of a group. An image
            without ``keypoints``, which MMPose's inferencer brings, may always have none:
            the network then predicts in 2D.
    """

    def __init__(
        self,
        pair: Optional[Sequence[int]] = None,
        root: Optional[int] = None,
        use_udp: bool = False,
        with_depth: bool = True,
        optional: bool = False,
    ):
        if (pair is None) != (root is None):
            raise ValueError(f'pair and root go together; got {pair} and {root}')
        if pair is not None and (len(pair) != 2 or pair[0] == pair[1]):
            raise ValueError(f'pair is two different joints; got {pair}')
        self.pair, self.root = None if pair is None else tuple(pair), root
        self.use_udp, self.with_depth, self.optional = use_udp, with_depth, optional

    def transform(self, results: dict) -> dict:
        """See the class.

        Raises:
            ValueError: The sample has no camera, or the pair is no joint of it, or the
                crop was turned by ``PoseRandAugment``, or flipped other than from left
                to right.
        """
        camera = results.get('camera')
        if results.get('input_turned'):
            raise ValueError(TURNED)
        if camera is None and 'keypoints' not in results:
            return results
        if camera is None and self.optional:
            return self._without_depth(results)
        if camera is None:
            raise ValueError(
                f'{results.get("img_path")}: no camera; 3D training needs the '
                'intrinsics of every image (cameras in docs/multiview_format.md)'
            )
        joints = results['keypoints'].shape[1]
        if self.pair is not None and max(self.pair + (self.root,)) >= joints:
            raise ValueError(
                f'InputCamera: pair {self.pair} and root {self.root} name '
                f'a joint beyond the {joints} of the data set'
            )
        K = torch.as_tensor(np.asarray(camera['K'], np.float64))
        R = np.asarray(camera['R'], np.float64)
        flip = bool(results.get('flip', False))
        direction = results.get('flip_direction')
        if flip and direction not in (None, 'horizontal'):
            raise ValueError(
                f'{results.get("img_path")}: InputCamera has no camera of a '
                f'{direction} flip; set direction="horizontal" in RandomFlip'
            )
        if flip:
            # x -> W - 1 - x on the image and -x in the world seen by the camera
            width = results['ori_shape'][1]
            mirror = torch.tensor([[-1.0, 0, width - 1], [0, 1, 0]], dtype=torch.float64)
            K = transform_intrinsics(K, mirror)
            K[:, 0] *= -1
        matrix = (get_udp_warp_matrix if self.use_udp else get_warp_matrix)(
            results['input_center'],
            results['input_scale'],
            results.get('bbox_rotation', [0.0])[0],
            output_size=results['input_size'],
        )
        K = transform_intrinsics(K, torch.as_tensor(np.asarray(matrix, np.float64)))
        dist = np.zeros(14)
        given = np.asarray(camera.get('dist', ()), np.float64).reshape(-1)
        dist[: len(given)] = given
        if flip:
            dist[ODD_IN_X] *= -1
        results['input_K'] = K.numpy().astype(np.float32)
        results['input_dist'] = dist.astype(np.float32)
        results['input_R'] = R.astype(np.float32)
        results['input_t'] = np.asarray(camera['t'], np.float32).reshape(3)
        results = self._without_depth(results)
        if self.pair is not None and self.with_depth and results.get('pose_3d') is not None:
            self._depth(results, R, np.asarray(camera['t'], np.float64), flip)
        return results

    def _without_depth(self, results: dict) -> dict:
        if self.pair is not None:
            shape = results['keypoints'].shape[:2]
            results['relative_depth'] = np.zeros(shape, np.float32)
            results['relative_depth_weights'] = np.zeros(shape, np.float32)
        return results

    def _depth(self, results: dict, R: np.ndarray, t: np.ndarray, flip: bool) -> None:
        pose = np.asarray(results['pose_3d'], np.float64)
        known = pose[:, 3] > 0
        if flip:
            swap = list(results['flip_indices'])
            pose, known = pose[swap], known[swap]
        if not known[list(self.pair) + [self.root]].all():
            return
        points = torch.from_numpy(pose[:, :3] @ R.T + t)
        _, relative, scale = to_2p5d(points, torch.eye(3, dtype=points.dtype), self.pair, self.root)
        if scale > 0:
            results['relative_depth'] = np.where(known, relative.numpy(), 0)[None].astype(
                np.float32
            )
            results['relative_depth_weights'] = known[None].astype(np.float32)

    def __repr__(self):
        return (
            f'{type(self).__name__}(pair={self.pair}, root={self.root}, '
            f'use_udp={self.use_udp}, with_depth={self.with_depth}, '
            f'optional={self.optional})'
        )
