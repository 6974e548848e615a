"""What a training step costs, counted in passes of images through networks."""

from typing import NamedTuple

from torch import nn


class Passes(NamedTuple):
    """How often an image goes through a network.

    Attributes:
        without_gradient (int): Forward passes alone, as a teacher's.
        with_gradient (int): Forward passes with their backward pass.
    """

    without_gradient: int
    with_gradient: int

    @property
    def forwards(self) -> int:
        """The cost in forward passes: one with its backward pass counts three."""
        return self.without_gradient + 3 * self.with_gradient


def passes_per_step(model: nn.Module, labeled: int, unlabeled: int) -> Passes:
    """The passes of one training step of any pose estimator.

    Args:
        model (nn.Module): This package's estimators have ``passes_per_step`` and say it
            themselves. MMPose's own learn from each labelled image once.
        labeled (int): Labelled images of a batch.
        unlabeled (int): Unlabelled images of a batch.
    """
    if hasattr(model, 'passes_per_step'):
        return model.passes_per_step(labeled, unlabeled)
    return Passes(0, labeled)
