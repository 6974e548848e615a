"""Losses between heatmaps of a student and of its teacher.

Flow: a teacher's heatmaps of the easy view -> warped onto the hard view -> compared
with the student's heatmaps of the hard view, pixel by pixel, where the easy view
reached.
"""

from typing import Optional

from mmpose.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class HeatmapConsistencyLoss(nn.Module):
    """Mean squared difference of heatmaps (Xie21, Eq. 4, 7).

    The mean runs over all pixels, masked ones included, as in MMPose's
    ``KeypointMSELoss``: supervised and unsupervised parts weigh a pixel alike, and the
    loss of a batch is the mean of the losses of its shards.

    Args:
        use_mask (bool): Leave out pixels that come from outside the easy view. The
            papers keep them; False is for parity. Joints without weight give no loss
            either way.
        loss_weight (float): Weight of the loss (Xie21: λ = 1).
        min_confidence (float, optional): Leave out joints at which the teacher's
            maximum is not above it (Xie21, Fig. 8 A: 0.2, 0.4, 0.6, 0.8).
        foreground_weight (float): Weigh a pixel by ``1 + w max(target, 0)``: foreground
            counts for more (Xie21, Fig. 8 C; the paper does not give its functions).
    """

    def __init__(
        self,
        use_mask: bool = True,
        loss_weight: float = 1.0,
        min_confidence: Optional[float] = None,
        foreground_weight: float = 0.0,
    ):
        super().__init__()
        if foreground_weight < 0:
            raise ValueError(f'foreground_weight must be at least 0; got {foreground_weight}')
        self.use_mask = use_mask
        self.loss_weight = loss_weight
        self.min_confidence = min_confidence
        self.foreground_weight = foreground_weight

    def forward(
        self,
        output: Tensor,
        target: Tensor,
        mask: Optional[Tensor] = None,
        confidence: Optional[Tensor] = None,
        weight: Optional[Tensor] = None,
    ) -> Tensor:
        """
        Args:
            output (Tensor): The student's heatmaps, (B, K, h, w).
            target (Tensor): The teacher's, warped, (B, K, h, w).
            mask (Tensor, optional): 1 where the target is known; broadcastable.
            confidence (Tensor, optional): The teacher's maxima, (B, K); needed with
                ``min_confidence``.
            weight (Tensor, optional): Of each joint, (B, K); ``use_mask`` does not
                touch it.

        Returns:
            Tensor: A scalar.
        """
        squared = (output - target) ** 2
        if self.use_mask and mask is not None:
            squared = squared * mask
        if weight is not None:
            squared = squared * weight[..., None, None]
        if self.min_confidence is not None:
            squared = squared * (confidence > self.min_confidence)[..., None, None]
        if self.foreground_weight:
            foreground = target.detach().clamp(min=0)
            squared = squared * (1 + self.foreground_weight * foreground)
        return squared.mean() * self.loss_weight
