"""Losses on normalised 3D poses of several views of one person (Iqbal20).

Notation: groups G (one person at one moment), views V, joints J.
"""

from typing import List, Optional, Sequence, Tuple

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn

from ...geometry.alignment import align_distances, apply_similarity, huber, procrustes
from ...geometry.depth import limb_lengths, signed_volumes


@MODELS.register_module()
class MultiViewConsistencyLoss(nn.Module):
    """Poses of different views are equal up to a rigid map (Iqbal20, Eq. 8, 10).

    Over ordered pairs of views, ``φ_j,c φ_j,c' || p_j,c - R p_j,c' ||_1``, where R is
    the confidence-weighted Procrustes alignment (proper rotation and translation, no
    scale; a constant for the gradient) or, with known cameras, the given rotation and
    the translation that fits best.

    The paper writes a sum over pairs and joints; here it is the mean over groups, pairs
    and joints, masked ones included, so that the loss of a batch is the mean of the
    losses of its shards. A sum over four views and J joints is 12 J times as much.

    Not in the paper: ``apparent_size``. Errors of the 2D joints are errors in the
    image, and weigh the less in 3D the smaller the pose is. A pose is the smaller the
    more its pair leans towards the camera, so with noisy 2D joints bodies that lean
    have the lower loss (``benchmarks/degeneration.py``). Distances in units of the
    pair's apparent length, what is left of it across the line of sight, leave nothing
    to gain.

    Nor is ``distance='euclidean'``. With the alignment a constant, the gradient is that
    of the loss only if the alignment minimises the loss; Procrustes minimises squared
    lengths, not the paper's sum of absolute coordinates, so that the gradient points
    elsewhere (``benchmarks/alignment_gradient.py``) and drives whole poses. Lengths of the
    differences, aligned by what minimises these, have no such pull; known rotations: the
    same of the translation.

    Args:
        loss_weight (float): α.
        distance (str): ``'l1'`` as in the paper, or ``'euclidean'``.
        detach_confidence (bool): Whether φ is a constant. The paper does not say; if it
            is not, the loss can fall by lowering confidence.
        apparent_size (bool): Divide the distances by ``size`` of the first view of the
            pair, p_j,c's.

    Raises:
        ValueError: An unknown distance.
    """

    def __init__(
        self,
        loss_weight: float = 10.0,
        detach_confidence: bool = True,
        apparent_size: bool = False,
        distance: str = 'l1',
    ):
        super().__init__()
        if distance not in ('l1', 'euclidean'):
            raise ValueError(f"distance is 'l1' or 'euclidean'; got {distance!r}")
        self.distance = distance
        self.loss_weight = loss_weight
        self.detach_confidence = detach_confidence
        self.apparent_size = apparent_size

    def forward(
        self,
        points: Tensor,
        confidence: Tensor,
        valid: Tensor,
        rotations: Optional[Tensor] = None,
        size: Optional[Tensor] = None,
    ) -> Tensor:
        """
        Args:
            points (Tensor): Normalised poses in each camera's coordinates,
                (G, V, J, 3).
            confidence (Tensor): φ, (G, V, J).
            valid (Tensor): Views that are there and could be reconstructed,
                bool (G, V).
            rotations (Tensor, optional): World to camera, (G, V, 3, 3): the known
                extrinsics of WS+R.
            size (Tensor, optional): The pair's apparent length, above 0, (G, V).

        Returns:
            Tensor: A scalar; 0 without a pair of valid views.

        Raises:
            ValueError: ``apparent_size`` without ``size``.
        """
        if self.apparent_size and size is None:
            raise ValueError('apparent_size needs the size of each pose')
        if self.detach_confidence:
            confidence = confidence.detach()
        num_views = points.shape[1]
        confidence = confidence.clamp(min=0)
        first, second = _ordered_pairs(num_views, points.device)
        target, source = points[:, first], points[:, second]
        weight = confidence[:, first] * confidence[:, second]
        both = valid[:, first] & valid[:, second]
        weight = weight * both[..., None]
        relative = None
        if rotations is not None:
            # A B^T as a sum: autocast computes matmul in half precision.
            relative = (
                rotations[:, first][..., :, None, :] * rotations[:, second][..., None, :, :]
            ).sum(-1)
        with torch.no_grad():
            if self.distance == 'euclidean':
                R, t = align_distances(source, target, weight, relative)
            else:
                R, t, _ = procrustes(source, target, weight, rotation=relative)
        gap = target - apply_similarity(source, R, t, torch.ones_like(t[..., 0]))
        distance = huber(gap) if self.distance == 'euclidean' else gap.abs().sum(-1)
        if self.apparent_size:
            distance = distance / size[:, first][..., None]
        # Invalid poses are finite, so a weight of 0 takes them out.
        return self.loss_weight * (weight * distance).mean()


@MODELS.register_module()
class LimbLengthLoss(nn.Module):
    """Limbs are as long as they are on average (Iqbal20, Eq. 11).

    ``φ_j φ_j' (|| p_j - p_j' || - μ)²``, the mean over poses and limbs, masked ones
    included.

    Args:
        limbs (Sequence[tuple]): E pairs of joints.
        mean_lengths (Sequence[float]): μ, normalised by the pair's distance, (E, ).
        loss_weight (float): β.
        detach_confidence (bool): As in :class:`MultiViewConsistencyLoss`.

    Raises:
        ValueError: As many lengths as limbs are needed, all above 0.
    """

    def __init__(
        self,
        limbs: Sequence[Tuple[int, int]],
        mean_lengths: Sequence[float],
        loss_weight: float = 100.0,
        detach_confidence: bool = True,
    ):
        super().__init__()
        if len(limbs) != len(mean_lengths) or not limbs or min(mean_lengths) <= 0:
            raise ValueError(
                f'{len(limbs)} limbs with {len(mean_lengths)} mean '
                'lengths; give as many of both, lengths above 0'
            )
        self.limbs: List[Tuple[int, int]] = [(int(a), int(b)) for a, b in limbs]
        self.loss_weight = loss_weight
        self.detach_confidence = detach_confidence
        self.register_buffer('mean_lengths', torch.tensor(list(mean_lengths)), persistent=False)

    def forward(self, points: Tensor, confidence: Tensor, valid: Tensor) -> Tensor:
        """
        Args:
            points (Tensor): Normalised poses, (..., J, 3).
            confidence (Tensor): φ, (..., J).
            valid (Tensor): Poses that could be reconstructed, bool (...).

        Returns:
            Tensor: A scalar; 0 without a valid pose.
        """
        if self.detach_confidence:
            confidence = confidence.detach()
        confidence = confidence.clamp(min=0)
        first, second = (list(ends) for ends in zip(*self.limbs))
        weight = confidence[..., first] * confidence[..., second] * valid[..., None]
        gap = limb_lengths(points, self.limbs) - self.mean_lengths.to(points)
        return self.loss_weight * (weight * gap * gap).mean()


@MODELS.register_module()
class HandednessLoss(nn.Module):
    """A person is not their own mirror image; not in the paper.

    Views that are nearly orthographic are as consistent with a world whose front and
    back are exchanged (the bas-relief ambiguity), and limb lengths cannot tell either:
    training that estimates the rotations from its own poses ends there
    (``benchmarks/degeneration.py``). Anatomy can: knees bend one way, and the nose is
    in front of the ears. Each such fact is a triple of vectors that is right-handed in
    every person; the loss is ``φ max(0, margin - (a x b) . c)``, φ the lowest
    confidence of its joints, and the mean over poses and triples, masked ones included.

    The margin is what moves flat poses, whose volumes are 0, off their place. It asks a
    little more than the sign: 0.05 is a knee bent by about 11 degrees with the limbs of
    the synthetic benchmark, 6 with those of Human3.6M, and straighter true knees, half
    of all in the benchmark, pay for what they lack.

    Args:
        triples (Sequence): T times three vectors (to, from), ends are joints or lists
            of joints; see :func:`~mmpose_al.geometry.depth.signed_volumes`.
        margin (float): Volume that is enough, in units of the pair's distance cubed.
        loss_weight (float): Its weight.

    Raises:
        ValueError: No triple, or one that is not three pairs of ends.
    """

    def __init__(
        self, triples: Sequence[Sequence], margin: float = 0.05, loss_weight: float = 100.0
    ):
        super().__init__()
        if not triples or any(
            len(triple) != 3 or any(len(vector) != 2 for vector in triple) for triple in triples
        ):
            raise ValueError(
                f'a triple is three vectors (to, from) and at least one is needed; got {triples}'
            )
        self.triples = triples
        self.margin, self.loss_weight = margin, loss_weight
        self.joints = [
            sorted(
                {
                    joint
                    for vector in triple
                    for end in vector
                    for joint in ([end] if isinstance(end, int) else end)
                }
            )
            for triple in triples
        ]

    def forward(self, points: Tensor, confidence: Tensor, valid: Tensor) -> Tensor:
        """As :meth:`LimbLengthLoss.forward`."""
        confidence = confidence.detach().clamp(min=0)
        weight = (
            torch.stack([confidence[..., joints].amin(-1) for joints in self.joints], -1)
            * valid[..., None]
        )
        missing = (self.margin - signed_volumes(points, self.triples)).clamp(min=0)
        return self.loss_weight * (weight * missing).mean()


def _ordered_pairs(num: int, device) -> Tuple[Tensor, Tensor]:
    """All (c, c') with c != c'."""
    first, second = torch.meshgrid(
        torch.arange(num, device=device), torch.arange(num, device=device), indexing='ij'
    )
    different = first != second
    return first[different], second[different]
