"""What is read off a joint's two one-dimensional distributions, of x and of y (SimCC).

A heatmap of both is their product, ``P(x, y) = p(x) q(y)``. A pixel is the maximum of a rectangle
around it where x and y are the maxima of its sides, so the peaks of P are the pairs of a peak of p
and one of q. Feng23's measures of the heatmap P therefore come from the two distributions alone.
No paper has them for SimCC: this form is ours.

Notation: batch size B, keypoints K, bins of an axis W.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

FLOOR = 0.05  # of the highest peak of an axis, as that of heatmaps whose labels peak at 1


class AxisPeaks(NamedTuple):
    """Local maxima of a batch of pairs of distributions.

    Attributes:
        x, y (Tensor): Logarithm of the probability of a bin, minus infinity where it is no peak,
            (B, K, W); the axes may differ in W.
    """

    x: Tensor
    y: Tensor

    def margin(self) -> Tensor:
        """Best versus second best (Feng23, Eq. 1) of the product, (B, K); small is uncertain.

        With the peaks ``a1 >= a2`` of x and ``b1 >= b2`` of y, as probabilities:
        ``a1 b1 - max(a2 b1, a1 b2)``. An axis with one peak has 0 for the second.
        """
        (a1, a2), (b1, b2) = (each.topk(2, -1).values.unbind(-1) for each in self)
        return (a1 + b1).exp() - torch.maximum(a2 + b1, a1 + b2).exp()

    def entropy(self) -> Tensor:
        """Multi-peak entropy (Feng23, Eq. 2, 3) of the product, (B, K), in nats.

        The softmax over pairs of peaks is the product of those over the peaks of x and of y, so
        the entropy is the sum of theirs; 0 with one peak in each.
        """
        return _entropy(self.x) + _entropy(self.y)

    def highest(self) -> Tensor:
        """Highest probability of the product, ``a1 b1``, (B, K)."""
        return (self.x.amax(-1) + self.y.amax(-1)).exp()


def peaks_of_axis(logits: Tensor, radius: int, floor: float = FLOOR) -> Tensor:
    """Local maxima of the softmax of logits along an axis.

    A peak exceeds the bins before it and is no lower than those after it, so that a plateau has
    one, its first bin. The highest is always one.

    Args:
        logits (Tensor): Shape (B, K, W).
        radius (int): Bins to either side that a peak is compared with, at least 1.
        floor (float): Smallest peak, as a share of the highest.

    Returns:
        Tensor: Logarithm of its probability at a peak, else minus infinity, (B, K, W).
    """
    if radius < 1:
        raise ValueError(f'radius is a number of bins, at least 1; got {radius}')
    logarithms = logits.log_softmax(-1)
    around = F.max_pool1d(F.pad(logarithms, (radius, radius), value=-torch.inf), radius, 1)
    before, after = around[..., : logits.shape[-1]], around[..., radius + 1 :]
    least = logarithms.amax(-1, keepdim=True) + math.log(floor)
    peak = (logarithms > before) & (logarithms >= after) & (logarithms >= least)
    return logarithms.masked_fill(~peak, -torch.inf)


def _entropy(peaks: Tensor) -> Tensor:
    """Entropy of the softmax of the values at the peaks of an axis."""
    logarithms = peaks.log_softmax(-1)
    return -(logarithms.exp() * logarithms.masked_fill(peaks == -torch.inf, 0)).sum(-1)
