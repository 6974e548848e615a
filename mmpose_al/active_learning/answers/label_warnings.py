"""Warnings about labels, as data: kept with the answers, and told in bounded numbers."""

from collections import Counter
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence

from ..query import Query

#: Kind -> what it is, for many of them. In the order in which they are told.
KINDS = {
    'exchanged': 'left and right exchanged',
    'annotators': 'annotators who differ',
    'one_point': 'joints on one point',
    'disagrees': 'clicks that disagree with the other views',
    'apart': 'joints whose clicks do not meet',
    'outside': 'joints far outside the box',
    'limb': 'limbs that are too long',
    'replaced': 'answers that replace those of somebody else',
}
#: Of the longer side of a person's box: clicks farther apart are worth a look. In a person
#: of 400 pixels these are 20.
CLICK = 0.05
KEPT = 500  # warnings that an event keeps


class LabelWarning(NamedTuple):
    """Something about labels that is worth another look.

    Attributes:
        kind (str): One of :data:`KINDS`.
        text (str): For people, one line.
        annotations (list[int]): Whom it is about, ids of the pool.
        joints (list[str]): Which joints; empty where it is about all of them.
        pixels (float, optional): How far off, where that means something.
    """

    kind: str
    text: str
    annotations: List[int]
    joints: Sequence[str] = ()
    pixels: Optional[float] = None

    def data(self) -> dict:
        """As it is kept; see :func:`read_warnings`."""
        pixels = None if self.pixels is None else round(float(self.pixels), 2)
        return dict(self._asdict(), joints=list(self.joints), pixels=pixels)


def person_size(box: Sequence[float]) -> float:
    """The longer side of a person's box [x, y, w, h], at least one pixel."""
    return max(box[2], box[3], 1.0)


def place(query: Query, entry: dict) -> str:
    """Where a person is, as somebody with an annotation tool finds it."""
    return f'{query.images[entry["image_id"]]["name"]}, annotation {entry["id"]}'


def in_order(warnings: Iterable[LabelWarning]) -> List[LabelWarning]:
    """By kind, and in a kind the farthest off first."""
    place = {kind: number for number, kind in enumerate(KINDS)}
    return sorted(
        warnings, key=lambda w: (place.get(w.kind, len(place)), -(w.pixels or 0), w.annotations)
    )


def told(warnings: Sequence[LabelWarning], limit: int) -> List[str]:
    """The first warnings as lines, and one line about the others."""
    lines, more = [warning.text for warning in warnings[:limit]], warnings[limit:]
    if more:
        lines.append(f'... and {len(more)} more ({by_kind(more)})')
    return lines


def by_kind(warnings: Sequence[LabelWarning]) -> str:
    """How many there are of each kind, in words."""
    counts = Counter(warning.kind for warning in warnings)
    return ', '.join(f'{KINDS.get(kind, kind)}: {num}' for kind, num in counts.items())


def kept_warnings(warnings: Sequence[LabelWarning]) -> Dict[str, Any]:
    """What an event keeps of its warnings: the first ones, and how many there are."""
    return dict(
        warnings=[warning.data() for warning in warnings[:KEPT]], warnings_total=len(warnings)
    )


def read_warnings(events: Iterable[dict]) -> List[LabelWarning]:
    """The warnings that still hold after these events, in order.

    What an event says of a person counts until a later one looks at that person again.
    """
    holding: List[LabelWarning] = []
    for event in events:
        looked_at = set(event.get('checked', ()))
        holding = [w for w in holding if not looked_at & set(w.annotations)]
        # Events of earlier versions kept texts alone, of all persons.
        holding += [LabelWarning(**w) for w in event['warnings'] if isinstance(w, dict)]
    return in_order(holding)
