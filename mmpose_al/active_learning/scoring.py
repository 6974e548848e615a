"""One pass over the pool: images in, a few numbers for each view out."""

from collections import defaultdict
from typing import Callable, Dict, Iterable, List, Optional, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ..geometry.cameras import DIST_LENGTHS
from ..geometry.heatmaps import (
    best_vs_second_best,
    local_peaks,
    multi_peak_entropy,
    peak_values,
    peaks,
)
from ..models.decoding import decode_heatmaps
from ..models.heads import Heatmap2p5DHead
from ..models.semi.networks import heatmap_geometry, heatmap_peak, last_heatmaps, predict_heatmaps
from .pool import UNITS
from .statistics import ViewStatistics, concatenate
from .strategies.base import QueryStrategy


def heatmap_statistics(heatmaps: Tensor, kernel: int = 5, floor: float = 0.05) -> Dict[str, Tensor]:
    """BSB margin and MPE of a batch, averaged over the keypoints.

    Args:
        heatmaps (Tensor): Shape (B, K, h, w).
        kernel, floor: See :func:`~mmpose_al.geometry.heatmaps.local_peaks`.

    Returns:
        dict: ``margin`` and ``entropy``, (B, ).
    """
    heatmaps = heatmaps.float()
    peak = local_peaks(heatmaps, kernel, floor)
    values = peak_values(heatmaps, peak)
    return dict(
        margin=best_vs_second_best(heatmaps, peak, values).mean(1),
        entropy=multi_peak_entropy(heatmaps, peak, values).mean(1),
    )


def networks_of(model: nn.Module, needs: Sequence[str] = ()) -> List[nn.Module]:
    """The networks of an estimator that score: those that predict; a plain one itself.

    All students where a strategy needs their ``'disagreement'``.
    """
    if 'disagreement' in needs and hasattr(model, 'students'):
        return list(model.students)
    return list(getattr(model, 'predicting', [getattr(model, 'network', model)]))


def check_model(model: nn.Module, strategy: QueryStrategy) -> None:
    """Raise unless a model can score a pool as a strategy needs it.

    Raises:
        ValueError: The model predicts no heatmaps, or has one network or no 3D poses
            where the strategy compares two or them, or too few joints.
    """
    networks, name = networks_of(model, strategy.needs), type(strategy).__name__
    for network in networks:
        heatmap_geometry(network)
    with_depth = isinstance(networks[0].head, Heatmap2p5DHead)
    if 'disagreement' in strategy.needs and (len(networks) < 2 or with_depth):
        raise ValueError(
            f'{name} compares the heatmaps of two networks, but the model is a '
            f'{type(model).__name__}; train a PoseDual or another dual estimator'
        )
    if 'keypoints_3d' in strategy.needs and not with_depth:
        raise ValueError(
            f'{name} compares the 3D poses of single views, but the head is a '
            f'{type(networks[0].head).__name__}; train a model with a Heatmap2p5DHead '
            '(configs/weakly_supervised_3d)'
        )
    strategy.check_joints(getattr(networks[0].head, 'num_joints', networks[0].head.out_channels))


def unit_of(sample, unit: str) -> int:
    """Id of the unit that a sample belongs to.

    Raises:
        ValueError: The unit is ``'frames'`` and the sample has none.
    """
    if unit == 'instances':
        return int(sample.metainfo['id'])
    if unit == 'images':
        return int(sample.metainfo['img_id'])
    if sample.metainfo.get('frame_id') is None:
        raise ValueError(
            f'image {sample.metainfo.get("img_path")!r} belongs to no frame; with '
            "unit='frames' every image of the pool has a frame_id "
            "(docs/multiview_format.md); else use unit='images'"
        )
    return int(sample.metainfo['frame_id'])


def _cameras(samples: Sequence) -> Dict[str, np.ndarray]:
    """Of each sample, NaN where it has none."""
    num = len(samples)
    columns = dict(
        K=np.full((num, 3, 3), np.nan),
        R=np.full((num, 3, 3), np.nan),
        t=np.full((num, 3), np.nan),
        dist=np.full((num, 14), np.nan),
    )
    for row, sample in enumerate(samples):
        camera = sample.metainfo.get('camera')
        if camera is None:
            continue
        for name in 'KR':
            columns[name][row] = camera[name]
        columns['t'][row] = np.asarray(camera['t'], np.float64).reshape(3)
        dist = np.asarray(camera.get('dist', ()), np.float64).reshape(-1)
        if len(dist) not in DIST_LENGTHS:
            raise ValueError(
                f'camera {camera.get("name")!r} has {len(dist)} '
                f'distortion coefficients; OpenCV has {DIST_LENGTHS}'
            )
        columns['dist'][row] = 0
        columns['dist'][row, : len(dist)] = dist
    return columns


@torch.no_grad()
def score_batch(
    model: nn.Module, inputs: Tensor, samples: Sequence, unit: str, needs: Sequence[str] = ()
) -> Dict[str, np.ndarray]:
    """Statistics of a batch of views.

    Args:
        model (nn.Module): An estimator in evaluation mode.
        inputs (Tensor): Preprocessed images, (B, C, H, W).
        samples (Sequence): Their data samples.
        unit (str): What is labelled at once: frames, images or instances.
        needs (Sequence[str]): ``'features'`` keeps pooled features.

    Returns:
        dict: The columns of :class:`ViewStatistics`.
    """
    networks = networks_of(model, needs)
    head = networks[0].head
    num, features, points = len(samples), np.zeros((len(samples), 0)), None
    with_depth = isinstance(head, Heatmap2p5DHead)
    if 'features' in needs or with_depth:
        feats = networks[0].extract_feat(inputs)
        if 'features' in needs:
            last = feats[-1] if isinstance(feats, (list, tuple)) else feats
            features = last.float().mean((-2, -1)).cpu().numpy()
    if with_depth:
        pose = head.pose(feats)
        mean, each = pose.heatmaps.float(), []
        keypoints, scores = (
            value.double().cpu().numpy() for value in (pose.pixels, pose.confidence)
        )
        points = head.points(pose, samples)
    else:
        each = (
            [last_heatmaps(head.forward(feats))]
            if 'features' in needs
            else [predict_heatmaps(networks[0], inputs)]
        )
        each += [predict_heatmaps(network, inputs) for network in networks[1:]]
        each = [heatmaps.float() for heatmaps in each]
        mean = torch.stack(each).mean(0) if len(each) > 1 else each[0]
        keypoints, scores = decode_heatmaps(head, mean)
    numbers = heatmap_statistics(mean / heatmap_peak(networks[0]))

    def meta(name: str) -> list:
        return [sample.metainfo.get(name) for sample in samples]

    def ids(name: str, missing: int) -> list:
        return [missing if value is None else int(value) for value in meta(name)]

    size, scale, center = (
        np.asarray(meta(name), np.float64)[:, None]
        for name in ('input_size', 'input_scale', 'input_center')
    )
    height, width = np.asarray(meta('ori_shape'), np.float64)[:, :2].T
    columns = dict(
        id=[int(i) for i in meta('id')],
        image_id=[int(i) for i in meta('img_id')],
        unit=[unit_of(sample, unit) for sample in samples],
        frame_id=ids('frame_id', -1),
        camera_id=ids('camera_id', -1),
        person_id=ids('person_id', 0),
        keypoints=keypoints / size * scale + center - 0.5 * scale,
        scores=scores,
        diagonal=np.hypot(width, height),
        disagreement=_disagreement(each, networks[0], scale / size),
        features=features,
        keypoints_3d=(np.zeros((num, 0, 3)) if points is None else points.cpu().numpy()),
        **{name: value.cpu().numpy() for name, value in numbers.items()},
        **_cameras(samples),
    )
    result = {name: np.asarray(values) for name, values in columns.items()}
    wide = ('K', 'R', 't', 'dist')
    return {
        name: value.astype(
            np.int64 if value.dtype.kind == 'i' else np.float64 if name in wide else np.float32
        )
        for name, value in result.items()
    }


def _disagreement(each: List[Tensor], network: nn.Module, scale: np.ndarray) -> np.ndarray:
    """Mean distance of the first two networks' peaks, image pixels, (B, ).

    Args:
        each (list[Tensor]): Heatmaps of each network, (B, K, h, w).
        network (nn.Module): Its codec knows the heatmaps' scale.
        scale (ndarray): Image pixels in a pixel of the input, (B, 1, 2).
    """
    if len(each) < 2:
        return np.full(len(scale), np.nan)
    one, other = (peaks(heatmaps)[0].cpu().numpy().astype(np.float64) for heatmaps in each[:2])
    factor = np.asarray(network.head.decoder.scale_factor, np.float64) * scale
    return np.linalg.norm((one - other) * factor, axis=-1).mean(-1)


def score_pool(
    model: nn.Module,
    loader: Iterable,
    unit: str,
    needs: Sequence[str] = (),
    progress: Optional[Callable[[int], None]] = None,
) -> ViewStatistics:
    """Statistics of all views that this process's loader yields.

    Args:
        model (nn.Module): An estimator; it is put into evaluation mode.
        loader (Iterable): Batches as MMEngine's data loaders give them.
        unit (str): What is labelled at once: ``'frames'``, ``'images'`` or
            ``'instances'``.
        needs (Sequence[str]): What the strategies ask for.
        progress (callable, optional): Told how many views each batch had.

    Raises:
        ValueError: An unknown unit, or a view without the ids that it needs.
    """
    if unit not in UNITS:
        raise ValueError(f'unit is one of {UNITS}; got {unit!r}')
    model.eval()
    parts: Dict[str, list] = defaultdict(list)
    for batch in loader:
        data = model.data_preprocessor(batch, False)
        inputs = data['inputs']
        if isinstance(inputs, list):
            inputs = torch.stack(inputs)
        for name, value in score_batch(model, inputs, data['data_samples'], unit, needs).items():
            parts[name].append(value)
        if progress is not None:
            progress(len(data['data_samples']))
    if not parts:
        raise ValueError('the pool has no view to score')
    return concatenate(parts)
