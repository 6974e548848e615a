"""Person boxes of a detector: filters, and the annotation file they make.

Notation
    - number of boxes of an image: N
    - boxes are [x, y, width, height] in pixels, sizes of images (width, height)
"""

from collections import Counter
from typing import Dict, Iterable, NamedTuple, Optional, Tuple

import numpy as np

from ..fileio import is_int, is_number
from .format import FormatError

PERSON = dict(id=1, name='person', supercategory='person')


class _Filter(NamedTuple):
    score_thr: float = 0.5
    min_size: float = 0.0
    top_k: Optional[int] = None
    nms: Optional[float] = None
    on_bad: str = 'raise'


class BoxFilter(_Filter):
    """Which boxes of an image are kept. The steps run in this order.

    Args:
        score_thr (float): The lowest score.
        on_bad (str): A box outside the image, or with a number that is not finite, or
            without an area: ``'raise'`` a :class:`FormatError`, or ``'skip'`` and
            count.
        min_size (float): The shortest side of the part inside the image, in pixels. A
            box that reaches into the last row or column of pixels only has none.
        nms (float, optional): Of two boxes with a higher IoU the one with the lower
            score goes.
        top_k (int, optional): At most so many an image, by score.

    Raises:
        ValueError: A value out of range.
    """

    __slots__ = ()

    def __new__(cls, *args, **kwargs):
        self = super().__new__(cls, *args, **kwargs)
        if self.min_size < 0:
            raise ValueError(f'min_size is a length >= 0; got {self.min_size}')
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f'top_k is at least 1, or None; got {self.top_k}')
        if self.nms is not None and not 0 <= self.nms <= 1:
            raise ValueError(f'nms is an IoU in [0, 1], or None; got {self.nms}')
        if self.on_bad not in ('raise', 'skip'):
            raise ValueError(f"on_bad is 'raise' or 'skip'; got {self.on_bad!r}")
        return self


def select_boxes(
    boxes: np.ndarray,
    scores: np.ndarray,
    size: Tuple[int, int],
    keep: BoxFilter,
    where: str = 'boxes',
) -> Tuple[np.ndarray, np.ndarray, Counter]:
    """Clip the boxes of one image and drop what the filter drops.

    Args:
        boxes (np.ndarray): Shape (N, 4).
        scores (np.ndarray): Shape (N, ).
        size (tuple): Of the image. Boxes are clipped to [0, width - 1] and
            [0, height - 1], as MMPose's data sets do.
        keep (BoxFilter): The filter.
        where (str): File and image, for the message of an error.

    Returns:
        tuple: Boxes (n, 4) and scores (n, ) by falling score, and how many were dropped
        by reason.

    Raises:
        FormatError: A bad box and ``keep.on_bad`` is ``'raise'``.
    """
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    scores = np.asarray(scores, dtype=np.float64).reshape(-1)
    low = scores < keep.score_thr
    dropped = Counter(score=int(low.sum()))
    order = np.flatnonzero(~low)
    faults = [box_fault(box, score, size) for box, score in zip(boxes[order], scores[order])]
    bad = np.array([fault is not None for fault in faults], dtype=bool)
    if bad.any() and keep.on_bad == 'raise':
        first = int(np.argmax(bad))
        raise FormatError.at(
            where,
            f'box {order[first]} of {len(boxes)}',
            'bbox',
            f'{boxes[order[first]].tolist()} (score {scores[order[first]]:g}) {faults[first]}',
            'if such boxes are few, drop them with on_bad="skip" (--on-bad skip)',
        )
    dropped['outside'] = int(bad.sum())
    order = order[~bad]
    clipped = clip_boxes(boxes, size)
    sides = clipped[order, 2:].min(1)
    small = (sides < keep.min_size) | (sides <= 0)
    dropped['small'] = int(small.sum())
    order = order[~small]
    order = order[np.argsort(-scores[order], kind='stable')]
    if keep.nms is not None:
        kept = order[suppress(clipped[order], keep.nms)]
        dropped['nms'] = len(order) - len(kept)
        order = kept
    if keep.top_k is not None:
        dropped['top_k'] = max(len(order) - keep.top_k, 0)
        order = order[: keep.top_k]
    return clipped[order], scores[order], dropped


def box_fault(box: np.ndarray, score: float, size: Tuple[int, int]) -> Optional[str]:
    """What is wrong with a box (4, ); None if a part of it lies in the image.

    Images span [0, width] and [0, height] here, as for detectors, which clip there.
    """
    if not (np.isfinite(box).all() and np.isfinite(score)):
        return 'is not finite: what made it has failed'
    if not (box[2:] > 0).all():
        return 'has no area: a box is [x, y, width, height]'
    if (box[:2] >= size).any() or (box[:2] + box[2:] <= 0).any():
        return f'lies outside the {size[0]}x{size[1]} image: it may belong to another image'
    return None


class SuspectBoxes(NamedTuple):
    """Boxes of a file that may be [x1, y1, x2, y2].

    Attributes:
        passing (int): They pass the right or lower border of their image.
        corners (int): They reach or pass it as [x, y, width, height], but hold all their
            labelled joints if read as corners; 0 where this is the smaller part of those
            that reach it, as chance makes it.
        total (int): All boxes.
        first (int, optional): Annotation id of the first suspect.
    """

    passing: int
    corners: int
    total: int
    first: Optional[int]


def suspect_boxes(data: dict) -> SuspectBoxes:
    """Boxes of a checked file (:func:`~.format.check_multiview`) that may be corners."""
    images = {image['id']: image for image in data['images']}
    entries = [
        a for a in data['annotations'] if a.get('bbox') is not None and not a.get('iscrowd', 0)
    ]
    if not entries:
        return SuspectBoxes(0, 0, 0, None)
    boxes = np.array([a['bbox'] for a in entries], np.float64)
    shown = [images[a['image_id']] for a in entries]
    size = np.array([(image['width'], image['height']) for image in shown], np.float64)
    end = boxes[:, :2] + boxes[:, 2:]
    passing = (end > size + 0.5).any(1)  # half a pixel of rounding
    reaching = (end > size - 1).any(1) & (boxes[:, 2:] > boxes[:, :2]).all(1)
    reaching &= (boxes[:, :2] > 0).all(1) & (boxes[:, 2:] <= size).all(1)
    corners = np.zeros(len(entries), bool)
    for index in np.flatnonzero(reaching):
        points = np.array(entries[index].get('keypoints') or [], np.float64).reshape(-1, 3)
        xy = points[points[:, 2] > 0, :2]
        inside = (xy >= boxes[index, :2] - 0.5) & (xy <= boxes[index, 2:] + 0.5)
        corners[index] = len(xy) > 0 and inside.all()
    if 2 * corners.sum() <= (end > size - 1).any(1).sum():
        corners[:] = False
    suspects = np.flatnonzero(passing | corners)
    first = entries[suspects[0]]['id'] if len(suspects) else None
    return SuspectBoxes(int(passing.sum()), int(corners.sum()), len(entries), first)


def clip_boxes(boxes: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
    """The parts (N, 4) of boxes (N, 4) inside an image; width 0 where there is none."""
    limit = np.array(size, dtype=np.float64) - 1
    first = np.clip(boxes[:, :2], 0, limit)
    last = np.clip(boxes[:, :2] + boxes[:, 2:], 0, limit)
    return np.concatenate([first, np.maximum(last - first, 0)], 1)


def overlaps(boxes: np.ndarray) -> np.ndarray:
    """Intersection over union (N, N) of boxes (N, 4) with areas."""
    first, last = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    sides = np.minimum(last[:, None], last) - np.maximum(first[:, None], first)
    inter = np.maximum(sides, 0).prod(-1)
    area = boxes[:, 2:].prod(-1)
    return inter / (area[:, None] + area - inter)


def suppress(boxes: np.ndarray, threshold: float) -> np.ndarray:
    """Greedy non-maximum suppression of boxes (N, 4) sorted by falling score.

    Returns:
        np.ndarray: Rising indices of the boxes that stay.
    """
    close = overlaps(boxes) > threshold
    alive = np.ones(len(boxes), dtype=bool)
    for index in range(len(boxes)):  # the boxes of one image
        if alive[index]:
            alive[index + 1 :] &= ~close[index, index + 1 :]
    return np.flatnonzero(alive)


def box_annotations(
    images: Iterable[dict], keep: BoxFilter, info: Optional[dict] = None, path: str = 'detections'
) -> Tuple[dict, Counter]:
    """A COCO annotation file without keypoints, of detected persons.

    ``MultiViewCocoDataset(need_keypoints=False)`` reads it as unlabelled persons.

    Args:
        images (Iterable[dict]): ``id``, ``file_name``, ``width``, ``height`` and
            ``boxes`` (N, 5): box and score.
        keep (BoxFilter): Which boxes.
        info (dict, optional): What else to write under ``info``.
        path (str): Where the boxes come from, for the message of an error.

    Returns:
        tuple: The content of the file, and how many boxes were ``found``, ``kept``, and
        dropped by reason. Images without a box stay in ``images``.

    Raises:
        FormatError: See :func:`select_boxes`.
    """
    entries, annotations, counts = [], [], Counter()
    for image in images:
        rows = np.asarray(image['boxes'], dtype=np.float64).reshape(-1, 5)
        boxes, scores, dropped = select_boxes(
            rows[:, :4],
            rows[:, 4],
            (image['width'], image['height']),
            keep,
            f'{path}: image {image["file_name"]}',
        )
        counts.update(dropped, found=len(rows), kept=len(boxes))
        entries.append({key: image[key] for key in ('id', 'file_name', 'width', 'height')})
        for box, score in zip(boxes, scores):
            annotations.append(
                dict(
                    id=len(annotations) + 1,
                    image_id=image['id'],
                    category_id=PERSON['id'],
                    bbox=[round(float(v), 2) for v in box],
                    area=round(float(box[2] * box[3]), 2),
                    iscrowd=0,
                    score=round(float(score), 4),
                )
            )
    return dict(
        info=dict(info or {}, filter=dict(keep._asdict())),
        images=entries,
        annotations=annotations,
        categories=[PERSON],
    ), counts


def detections_by_image(
    detections: list, images: Dict[int, dict], path: str, category_id: int = 1
) -> list:
    """A COCO detections list as entries for :func:`box_annotations`.

    Args:
        detections (list): ``[{image_id, category_id, bbox, score}, ...]``.
        images (dict): Image id -> entry of ``images`` of the annotation file.
        path (str): The detections' file, for the message of an error.
        category_id (int): Detections of other categories are left out.

    Raises:
        FormatError: It is no such list, or names an image that is not known.
    """
    if not isinstance(detections, list):
        raise FormatError(
            f'{path}: holds a {type(detections).__name__}, not a list of '
            'detections. Give a COCO detections (results) file.'
        )
    boxes = {image_id: [] for image_id in images}
    for index, entry in enumerate(detections):

        def fail(field, problem, remedy):
            raise FormatError.at(path, f'[{index}]', field, problem, remedy)

        if not isinstance(entry, dict):
            fail(
                'entry',
                f'is a {type(entry).__name__}',
                'write {image_id, category_id, bbox, score}',
            )
        if entry.get('category_id', category_id) != category_id:
            continue
        if not is_int(entry.get('image_id')) or entry['image_id'] not in boxes:
            fail(
                'image_id',
                f'{entry.get("image_id")!r} is not the id of an image of the annotation file',
                'give the annotation file (--ann-file) of the images that were detected in',
            )
        try:
            row = [*entry['bbox'][:4], entry['score']]
        except (KeyError, TypeError):
            row = []
        if len(row) != 5 or not all(map(is_number, row)):
            fail(
                'bbox',
                f'and score are {entry.get("bbox")!r} and {entry.get("score")!r}',
                'write [x, y, width, height] and a number',
            )
        boxes[entry['image_id']].append(np.array(row, np.float64))
    return [dict(image, boxes=boxes[image_id]) for image_id, image in images.items()]
