"""What an annotator is: somebody who is asked for labels and gives them."""

from contextlib import nullcontext
from typing import ContextManager, List, Optional, Sequence

from ..pool import Pool
from ..statistics import ViewStatistics


class AnswersPending(Exception):
    """A query is out and its answers are not there yet.

    Args:
        text (str): What the user is told.
    """


class Annotator:
    """Turns queries into labels.

    Attributes:
        labels_file (str): Annotation file (docs/multiview_format.md) that holds the
            labels of every unit answered so far, under the pool's ids.
    """

    labels_file: str

    def open(self, folder: str, pool: Pool) -> None:
        """Before anything else: the experiment's folder and its pool."""
        raise NotImplementedError

    def check_kept(self, units: Sequence[int]) -> None:
        """As a training begins: make sure that what was answered is there still.

        Args:
            units (Sequence[int]): What this annotator has labelled before.

        Raises:
            ValueError: Answers are gone.
        """

    def restore(self) -> None:
        """As a training begins: make anew what was damaged, where that can be done."""

    def adopt(self, units: Sequence[int]) -> None:
        """The pool's own labels of some units start the experiment; nobody is asked.

        By default they are in ``labels_file`` already, as where it is the pool's file.
        """

    def ask(
        self,
        round: int,
        units: Sequence[int],
        utilities: Sequence[float],
        views: Optional[ViewStatistics] = None,
    ) -> None:
        """Hand out a query; asking the same again changes nothing.

        Args:
            round (int): Number of the round.
            units (Sequence[int]): What should be labelled, best first.
            utilities (Sequence[float]): Why.
            views (ViewStatistics, optional): What the model predicts, where it does.
        """

    def answers(self, round: int) -> List[int]:
        """Units that are labelled now: of the round's query, and others that came late.

        Late ones may be labelled before.

        Raises:
            AnswersPending: There are none yet.
        """
        raise NotImplementedError

    def withdrawn(self, units: Sequence[int]) -> List[int]:
        """Those of the labelled units that have no label any more; they go back to the pool."""
        return []

    def locked(self) -> ContextManager:
        """Answers do not change inside, until the experiment has noted them."""
        return nullcontext()

    def cost(self) -> Optional[dict]:
        """Labelled ``views`` and ``joints`` so far; None: counted from the file.

        Where it is known how long labels took: ``timed_views`` of them took
        ``label_seconds`` together.
        """
