"""One pass over the pool: images in, a few numbers for each view out."""
from collections import defaultdict
from typing import Callable, Dict, Iterable, List, Optional, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ..geometry.cameras import pad_distortion
from ..geometry.heatmaps import (best_vs_second_best, local_peaks, multi_peak_entropy,
                                 peaks)
from ..models.semi.networks import last_heatmaps, predict_heatmaps
from .pool import UNITS
from .statistics import ViewStatistics, concatenate


def heatmap_statistics(heatmaps: Tensor, kernel: int = 5,
                       floor: float = 0.05) -> Dict[str, Tensor]:
    """BSB margin and MPE of a batch, averaged over the keypoints.

    Args:
        heatmaps (Tensor): Shape (B, K, h, w).
        kernel, floor: See :func:`~mmpose_al.geometry.heatmaps.local_peaks`.

    Returns:
        dict: ``margin`` and ``entropy``, (B, ).
    """
    heatmaps = heatmaps.float()
    peak = local_peaks(heatmaps, kernel, floor)
    return dict(margin=best_vs_second_best(heatmaps, peak).mean(1),
                entropy=multi_peak_entropy(heatmaps, peak).mean(1))


def networks_of(model: nn.Module) -> List[nn.Module]:
    """The networks of an estimator: a plain one is its own."""
    return list(getattr(model, 'students', [model]))


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
            "(docs/multiview_format.md); else use unit='images'")
    return int(sample.metainfo['frame_id'])


def _to_image(keypoints: np.ndarray, sample) -> np.ndarray:
    """Keypoints of the network's input, (K, 2), in pixels of the image."""
    size = np.asarray(sample.metainfo['input_size'], np.float64)
    scale = np.asarray(sample.metainfo['input_scale'], np.float64)
    center = np.asarray(sample.metainfo['input_center'], np.float64)
    return keypoints / size * scale + center - 0.5 * scale


def _camera(sample) -> Dict[str, np.ndarray]:
    camera = sample.metainfo.get('camera')
    if camera is None:
        return dict(K=np.full((3, 3), np.nan), R=np.full((3, 3), np.nan),
                    t=np.full(3, np.nan), dist=np.full(14, np.nan))
    dist = torch.as_tensor(np.asarray(camera.get('dist', ()), np.float64).reshape(-1))
    return dict(K=np.asarray(camera['K'], np.float64),
                R=np.asarray(camera['R'], np.float64),
                t=np.asarray(camera['t'], np.float64).reshape(3),
                dist=pad_distortion(dist).numpy())


@torch.no_grad()
def score_batch(model: nn.Module, inputs: Tensor, samples: Sequence, unit: str,
                needs: Sequence[str] = ()) -> Dict[str, np.ndarray]:
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
    networks = networks_of(model)
    features = None
    if 'features' in needs:
        feats = networks[0].extract_feat(inputs)
        last = feats[-1] if isinstance(feats, (list, tuple)) else feats
        features = last.float().mean((-2, -1))
        each = [last_heatmaps(networks[0].head.forward(feats))]
        each += [predict_heatmaps(network, inputs) for network in networks[1:]]
    else:
        each = [predict_heatmaps(network, inputs) for network in networks]
    mean = torch.stack([heatmaps.float() for heatmaps in each]).mean(0)
    numbers = {k: v.cpu().numpy() for k, v in heatmap_statistics(mean).items()}
    decoded = networks[0].head.decode(mean)
    columns: Dict[str, list] = defaultdict(list)
    for index, (sample, instance) in enumerate(zip(samples, decoded)):
        meta = sample.metainfo
        height, width = meta['ori_shape'][:2]
        scale = np.asarray(meta['input_scale'], np.float64) / np.asarray(
            meta['input_size'], np.float64)
        columns['id'].append(int(meta['id']))
        columns['image_id'].append(int(meta['img_id']))
        columns['unit'].append(unit_of(sample, unit))
        for name, key in (('frame_id', 'frame_id'), ('camera_id', 'camera_id')):
            value = meta.get(key)
            columns[name].append(-1 if value is None else int(value))
        columns['person_id'].append(int(meta.get('person_id') or 0))
        columns['keypoints'].append(_to_image(
            np.asarray(instance.keypoints[0], np.float64), sample))
        columns['scores'].append(np.asarray(instance.keypoint_scores[0]))
        columns['diagonal'].append(float(np.hypot(width, height)))
        columns['disagreement'].append(_disagreement(each, index, networks[0], scale))
        for name, value in _camera(sample).items():
            columns[name].append(value)
    result = {name: np.stack(values) for name, values in columns.items()}
    result.update(numbers)
    result['features'] = (np.zeros((len(samples), 0)) if features is None
                          else features.cpu().numpy())
    wide = ('K', 'R', 't', 'dist')
    return {name: value.astype(
        np.int64 if value.dtype.kind == 'i' else
        np.float64 if name in wide else np.float32) for name, value in result.items()}


def _disagreement(each: List[Tensor], index: int, network: nn.Module,
                  scale: np.ndarray) -> float:
    """Mean distance of the first two networks' peaks, image pixels."""
    if len(each) < 2:
        return float('nan')
    places = torch.stack([peaks(heatmaps[index:index + 1])[0][0]
                          for heatmaps in each[:2]])
    factor = np.asarray(network.head.decoder.scale_factor, np.float64) * scale
    gap = (places[0] - places[1]).cpu().numpy().astype(np.float64) * factor
    return float(np.linalg.norm(gap, axis=1).mean())


def score_pool(model: nn.Module, loader: Iterable, unit: str,
               needs: Sequence[str] = (),
               progress: Optional[Callable[[int], None]] = None) -> ViewStatistics:
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
        for name, value in score_batch(model, inputs, data['data_samples'], unit,
                                       needs).items():
            parts[name].append(value)
        if progress is not None:
            progress(len(data['data_samples']))
    if not parts:
        raise ValueError('the pool has no view to score')
    return concatenate(parts)
