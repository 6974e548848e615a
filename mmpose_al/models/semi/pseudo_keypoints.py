"""Put together, and compare, the joints of several views: Yu24's parts for lessons in keypoints.

Yu24 has them for heatmaps (:mod:`~mmpose_al.models.semi.pseudo_heatmaps`). What they become
where a network gives places is ours. Notation: views V, batch size B, joints K. Places of all
views are in pixels of one common frame; a confidence of 0 says that a view has no place.
"""

from typing import Tuple

import torch
from torch import Tensor

SIDE_IN_SIGMAS = 32  # the input's longer side over σ: 2 heatmap pixels of 64, as in the papers


def aggregate_keypoints(
    places: Tensor, confidence: Tensor, how: str = 'max'
) -> Tuple[Tensor, Tensor]:
    """One place for each joint out of several views' (after Yu24, Eq. 4).

    Args:
        places (Tensor): Shape (V, B, K, 2).
        confidence (Tensor): Shape (V, B, K).
        how (str): ``'max'``: that of the surest view, where the maximum of heatmaps peaks;
            ``'avg'``: the mean, weighted by the confidence, which is averaged itself.

    Returns:
        tuple: Places (B, K, 2) and confidence (B, K).
    """
    if how == 'avg':
        total = confidence.sum(0)[..., None].clamp(min=1e-6)
        return (places * confidence[..., None]).sum(0) / total, confidence.mean(0)
    largest, view = confidence.max(0)
    index = view[None, ..., None].expand(1, *places.shape[1:])
    return places.gather(0, index)[0], largest


def keypoint_uncertainty(places: Tensor, confidence: Tensor, seen: Tensor, sigma: float) -> Tensor:
    """How much the views disagree about each joint (ours, after Yu24, Eq. 6).

    Each view stands for the heatmap that a label at its place would be, a Gaussian as high as
    its confidence. The standard deviation over the views is taken as in Eq. 6, at the views'
    places instead of at all pixels. So it has Eq. 6's unit, and Δ means the same: two sure
    views that are far apart give 0.5, views on one place the deviation of their confidence.

    Args:
        places (Tensor): Shape (V, B, K, 2).
        confidence (Tensor): Shape (V, B, K).
        seen (Tensor): Whether view i saw the place of view j, bool (V, V, B, K) with i first.
        sigma (float): Standard deviation of the Gaussians, in pixels of the places.

    Returns:
        Tensor: Shape (B, K); 0 where no view has a place.
    """
    apart = (places[:, None] - places[None]).square().sum(-1)
    heights = confidence[:, None] * torch.exp(-apart / (2 * sigma**2))
    count = seen.sum(0).clamp(min=1)
    mean = (heights * seen).sum(0) / count
    variance = ((heights - mean).square() * seen).sum(0) / count
    return (variance * (confidence > 0)).amax(0).sqrt()
