"""What a view looks like, before and without any training on the pool."""

from typing import TYPE_CHECKING

from ..registry import STATISTICS
from .base import Batch, Rows, Statistic

if TYPE_CHECKING:  # PyTorch is loaded where something is computed
    from torch import Tensor

THUMBNAIL, CELLS, ORIENTATIONS = 8, 4, 8
FAINT = 0.1  # edges of this strength weigh little: those of an image without any contrast


@STATISTICS.register_module('appearance')
class Appearance(Statistic):
    """What the view of a person looks like, float32 (A, ).

    The last feature maps of the network that the config starts from, the mean over their
    pixels: features of ImageNet, or of whatever its weights are of. Without such weights
    :func:`colours_and_edges`.
    """

    shape = ('A',)
    untrained = True

    def compute(self, batch: Batch) -> Rows:
        """The same in every round."""
        maps = batch.start_maps
        if maps is None:
            return colours_and_edges(batch.inputs)
        last = maps[-1] if isinstance(maps, (list, tuple)) else maps
        return last.float().mean((-2, -1))


def colours_and_edges(images: 'Tensor') -> 'Tensor':
    """A thumbnail and histograms of edge directions, each of as much weight.

    - 8 x 8 pixels of colour, over the square root of their number: two images are as far
      apart as their thumbnails differ on the whole, in standard deviations of the input.
    - In each of 4 x 4 cells how strong edges of 8 directions are, from 0 to 180 degrees, of
      the brightness; all of an image together have a length below 1, and near it but for
      faint ones (after Dalal and Triggs, "Histograms of Oriented Gradients for Human
      Detection", CVPR 2005).

    Args:
        images (Tensor): Normalised, (B, C, H, W).

    Returns:
        Tensor: (B, 64 C + 128).
    """
    import torch
    import torch.nn.functional as F

    images = images.float()
    small = F.adaptive_avg_pool2d(images, THUMBNAIL).flatten(1)
    small = small / small.shape[1] ** 0.5
    gray = F.pad(images.mean(1, keepdim=True), (1, 1, 1, 1), 'replicate')
    along_x = (gray[..., 1:-1, 2:] - gray[..., 1:-1, :-2]) / 2
    along_y = (gray[..., 2:, 1:-1] - gray[..., :-2, 1:-1]) / 2
    place = torch.atan2(along_y, along_x).div(torch.pi / ORIENTATIONS).floor()
    bins = place.remainder(ORIENTATIONS).long().squeeze(1)
    strength = torch.hypot(along_x, along_y)
    each = F.one_hot(bins, ORIENTATIONS).permute(0, 3, 1, 2) * strength
    edges = F.adaptive_avg_pool2d(each, CELLS).flatten(1)
    length = (edges.square().sum(1, keepdim=True) + FAINT**2).sqrt()
    return torch.cat([small, edges / length], 1)
