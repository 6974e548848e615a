"""The annotator of benchmarks: the truth is in the pool's file, and is revealed."""

from typing import Dict, List, Optional, Sequence

from ...datasets.splits import labeled_units
from ..pool import Pool
from ..registry import ANNOTATORS
from ..statistics import ViewStatistics
from .base import Annotator


@ANNOTATORS.register_module()
class GroundTruthAnnotator(Annotator):
    """Answers every query at once with the labels that the pool's file holds."""

    def open(self, folder: str, pool: Pool) -> None:
        """See :class:`Annotator`."""
        self.labels_file = pool.path
        self.queries: Dict[int, List[int]] = {}

    @staticmethod
    def labelable(data: dict, unit: str) -> List[int]:
        """Units whose labels the file holds."""
        return labeled_units(data, unit)

    def ask(
        self,
        round: int,
        units: Sequence[int],
        utilities: Sequence[float],
        views: Optional[ViewStatistics] = None,
    ) -> None:
        """See :class:`Annotator`."""
        self.queries[round] = list(units)

    def answers(self, round: int) -> List[int]:
        """See :class:`Annotator`."""
        return self.queries[round]
