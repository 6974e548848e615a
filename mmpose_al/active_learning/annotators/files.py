"""The annotator of people: queries and answers are files (docs/annotators.md)."""

import os.path as osp
from typing import ContextManager, List, Optional, Sequence

from ..pool import Pool
from ..registry import ANNOTATORS
from .answers import (
    LABELS_FILE,
    answered_units,
    load_all_answers,
    load_answers,
    locked,
    merged,
    update_labels,
)
from .base import Annotator, AnswersPending
from .coco import write_coco
from .cvat import write_cvat
from .label_studio import write_label_studio
from .query import (
    IMAGES,
    Query,
    build_query,
    find_image_root,
    ingest_command,
    load_query,
    query_folder,
    train_command,
    write_query,
)

WRITERS = dict(coco=write_coco, cvat=write_cvat, label_studio=write_label_studio)


@ANNOTATORS.register_module()
class FileAnnotator(Annotator):
    """Writes ``query/round_XX/`` for people, and goes on once they have answered.

    Args:
        formats (Sequence[str]): What to write: ``'coco'``, ``'cvat'``,
            ``'label_studio'``. Answers are taken in any of them.
        images (str): ``'copy'`` or ``'link'`` the images into the query, or
            ``'none'`` where the tool has them already under the pool's names.
        image_root (str, optional): What ``file_name`` starts from; the runner knows it
            from the data set. Else the folder of the pool's file, or ``images`` in it.
        threshold (float): Of the triangulation of predictions and clicks, pixels.

    Raises:
        ValueError: An unknown format or way with images.
    """

    def __init__(
        self,
        formats: Sequence[str] = tuple(WRITERS),
        images: str = 'copy',
        image_root: Optional[str] = None,
        threshold: float = 20.0,
    ):
        formats = [formats] if isinstance(formats, str) else list(formats)
        unknown = sorted(set(formats) - set(WRITERS))
        if unknown or not formats or images not in IMAGES:
            raise ValueError(
                f'FileAnnotator: formats are {", ".join(WRITERS)} and images is one of '
                f'{", ".join(IMAGES)}; got {formats} and {images!r}'
            )
        if not threshold > 0:
            raise ValueError(f'FileAnnotator: threshold is {threshold} px; it must be above 0')
        self.formats, self.images = formats, images
        self.image_root, self.threshold = image_root, threshold

    def open(self, folder: str, pool: Pool) -> None:
        """See :class:`Annotator`."""
        self.folder, self.pool = folder, pool
        self.labels_file = osp.join(folder, LABELS_FILE)

    def ask(self, round: int, units: Sequence[int], utilities: Sequence[float], views=None) -> None:
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
        )
        writers = {name: WRITERS[name] for name in self.formats}
        write_query(content, self.folder, writers)

    def answers(self, round: int) -> List[int]:
        """See :class:`Annotator`."""
        query = load_query(self.folder, round)
        document = load_answers(self.folder, round)
        if query is None or document is None:
            raise AnswersPending(pending_text(self.folder, round, query))
        update_labels(self.folder, self.pool.path)
        return answered_units(query, merged([document]))

    def locked(self) -> ContextManager:
        """See :class:`Annotator`."""
        return locked(self.folder)

    def cost(self) -> Optional[dict]:
        """See :class:`Annotator`."""
        labels = merged(load_all_answers(self.folder))
        return dict(
            views=len(labels),
            joints=int(sum((points[:, 2] > 0).sum() for points in labels.values())),
        )


def pending_text(work_dir: str, round: int, query: Optional[Query] = None) -> str:
    """What the user does next."""
    about = (
        ''
        if query is None
        else (
            f' ({len(query.units)} {query.content["unit"]}, {len(query.annotations)} '
            f'persons in {len(query.images)} images)'
        )
    )
    return (
        f'round {round} waits for labels. The query is in\n'
        f'    {query_folder(work_dir, round)}{about}\n'
        'Answer all or part of it (docs/annotators.md), then\n'
        f'    {ingest_command(work_dir)}\n    {train_command(work_dir)}'
    )
