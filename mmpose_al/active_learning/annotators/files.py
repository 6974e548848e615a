"""The annotator of people: queries and answers are files (docs/annotators.md)."""

import os.path as osp
from typing import ContextManager, Dict, List, Optional, Sequence, Union

import numpy as np

from ...datasets.splits import instance_units
from ...fileio import file_fault, is_number, short
from ..answers.kept import (
    answered_units,
    check_none_lost,
    given_units,
    latest,
    load_all_answers,
    load_answers,
    locked,
    merged,
    pool_answers,
    write_answers,
)
from ..answers.labels import update_labels
from ..formats import build_format, format_names
from ..label_app.waiting import waiting_lines
from ..new_query import IMAGES, build_query, find_image_root, write_query
from ..paths import Paths
from ..pool import Pool
from ..query import load_query, pending_text
from ..registry import ANNOTATORS
from ..statistics import ViewStatistics
from .base import Annotator, AnswersPending

LONG = 10.0  # median times: what took longer counts as this long


@ANNOTATORS.register_module()
class FileAnnotator(Annotator):
    """Writes ``query/round_XX/`` for people, and goes on once they have answered.

    Args:
        formats (Sequence[str | dict], optional): What to write: names of annotation
            formats, or ``dict(type=name, **options)``; all by default. Answers are taken
            in any of them.
        images (str): ``'copy'`` or ``'link'`` the images into the query, or
            ``'none'`` where the tool has them already under the pool's names.
        image_root (str, optional): What ``file_name`` starts from; the runner knows it
            from the data set. Else the folder of the pool's file, or ``images`` in it.
        threshold (float): Of the triangulation of the predictions that a query shows, pixels.
            How far clicks may be off says `mmpose-al label --threshold`.
        image_folders (Sequence[str]): Other folders that ``file_name`` may lead to, by an
            absolute path, ``..`` or a symbolic link. Without them such an image is refused,
            because whoever writes the pool's file could hand out any file.

    Raises:
        ValueError: An unknown format or way with images.
    """

    def __init__(
        self,
        formats: Optional[Sequence[Union[str, dict]]] = None,
        images: str = 'copy',
        image_root: Optional[str] = None,
        threshold: float = 20.0,
        image_folders: Sequence[str] = (),
    ):
        if formats is None:
            formats = format_names()
        formats = [formats] if isinstance(formats, (str, dict)) else list(formats)
        if not formats or images not in IMAGES:
            raise ValueError(
                f'FileAnnotator: formats are {", ".join(format_names())} and images is one of '
                f'{", ".join(IMAGES)}; got {formats} and {images!r}'
            )
        if not is_number(threshold) or threshold <= 0:
            raise ValueError(
                f'FileAnnotator: threshold is {short(threshold)} px; write a finite number above 0'
            )
        self.formats = [build_format(each) for each in formats]
        self.images = images
        self.image_folders = [image_folders] if isinstance(image_folders, str) else image_folders
        self.image_root, self.threshold = image_root, threshold

    def open(self, folder: str, pool: Pool) -> None:
        """See :class:`Annotator`."""
        self.folder, self.pool = folder, pool
        self.labels_file = Paths(folder).labels

    def check_kept(self, units: Sequence[int]) -> None:
        """See :class:`Annotator`."""
        unit_of = instance_units(self.pool.data, self.pool.unit)
        check_none_lost(self.folder, units, load_all_answers(self.folder), unit_of)

    def restore(self) -> None:
        """See :class:`Annotator`; the labels follow from the answers."""
        if file_fault(self.labels_file) and Paths(self.folder).answer_rounds():
            with self.locked():
                update_labels(self.folder, self.pool)

    def adopt(self, units: Sequence[int]) -> None:
        """See :class:`Annotator`. They are kept as an answer of the pool's file."""
        if load_answers(self.folder, 0) is None:
            write_answers(self.folder, pool_answers(self.pool, units))
        update_labels(self.folder, self.pool)

    def ask(
        self,
        round: int,
        units: Sequence[int],
        utilities: Sequence[float],
        views: Optional[ViewStatistics] = None,
    ) -> None:
        """See :class:`Annotator`.

        Raises:
            ValueError: Something else was asked in this round.
            FileNotFoundError: An image is not there.
        """
        query = load_query(self.folder, round)
        if query is not None:
            if query.units != [int(u) for u in units]:
                raise ValueError(
                    f'{query.folder} asks for other {self.pool.unit} than this '
                    'experiment does in that round; take another work_dir'
                )
            return
        root = self.image_root
        if root is None and self.images != 'none':
            root = find_image_root(self.pool)
        content = build_query(
            self.pool,
            round,
            units,
            utilities,
            views,
            self.threshold,
            self.images,
            None if root is None else osp.abspath(root),
            [osp.abspath(each) for each in self.image_folders],
        )
        write_query(content, self.folder, self.formats)

    def answers(self, round: int) -> List[int]:
        """See :class:`Annotator`."""
        query = load_query(self.folder, round)
        document = load_answers(self.folder, round)
        labels = {} if document is None else merged([document])
        answered = [] if query is None else answered_units(query, labels)
        if query is None or not answered:
            waiting = waiting_lines(self.folder, self.pool.unit, round)
            raise AnswersPending('\n'.join([pending_text(self.folder, round, query), *waiting]))
        update_labels(self.folder, self.pool)
        unit_of = instance_units(self.pool.data, self.pool.unit)
        late = {unit_of[i] for i in labels if i not in query.annotations}
        return answered + sorted(u for u in late if u is not None and u not in answered)

    def withdrawn(self, units: Sequence[int]) -> List[int]:
        """See :class:`Annotator`."""
        unit_of = instance_units(self.pool.data, self.pool.unit)
        documents = load_all_answers(self.folder)
        given = given_units(documents, unit_of)
        gone = given - {unit_of.get(number) for number in latest(documents)}
        return [unit for unit in units if unit in gone]

    def locked(self) -> ContextManager:
        """See :class:`Annotator`."""
        return locked(self.folder)

    def cost(self) -> Optional[dict]:
        """See :class:`Annotator`."""
        entries = latest(load_all_answers(self.folder))
        times = [each['seconds'] for each in entries.values() if each.get('seconds')]
        cost: Dict[str, float] = dict(
            views=len(entries),
            joints=sum(v > 0 for each in entries.values() for v in each['keypoints'][2::3]),
        )
        if times:
            # Somebody who leaves a window open over night does not work all night.
            seconds = float(np.minimum(times, LONG * np.median(times)).sum())
            cost.update(timed_views=len(times), label_seconds=round(seconds, 3))
        return cost
