"""Losses between heatmaps of a student and of its teacher.

Flow: a teacher's heatmaps of the easy view -> warped onto the hard view -> compared
with the student's heatmaps of the hard view, pixel by pixel, where the easy view
reached.
"""
from typing import Optional

from torch import Tensor, nn

from mmpose.registry import MODELS


@MODELS.register_module()
class HeatmapConsistencyLoss(nn.Module):
    """Mean squared difference of heatmaps (Xie21, Eq. 4, 7).

    The mean runs over all pixels, masked ones included, as in MMPose's
    ``KeypointMSELoss``: supervised and unsupervised parts weigh a pixel alike, and the
    loss of a batch is the mean of the losses of its shards.

    Args:
        use_mask (bool): Leave out pixels that come from outside the easy view. The
            papers keep them; False is for parity.
        loss_weight (float): Weight of the loss (Xie21: λ = 1).
    """

    def __init__(self, use_mask: bool = True, loss_weight: float = 1.0):
        super().__init__()
        self.use_mask = use_mask
        self.loss_weight = loss_weight

    def forward(self,
                output: Tensor,
                target: Tensor,
                mask: Optional[Tensor] = None) -> Tensor:
        """
        Args:
            output (Tensor): The student's heatmaps, (B, K, h, w).
            target (Tensor): The teacher's, warped, (B, K, h, w).
            mask (Tensor, optional): 1 where the target is known; broadcastable.

        Returns:
            Tensor: A scalar.
        """
        squared = (output - target) ** 2
        if self.use_mask and mask is not None:
            squared = squared * mask
        return squared.mean() * self.loss_weight
