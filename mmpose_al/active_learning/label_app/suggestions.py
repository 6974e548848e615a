"""Where a joint probably is, as long as nobody has said it.

Of a calibrated rig: where the clicks of two or more views put it (a proposal), else where
the predictions of all views, weighted by confidence, put it. Of a single view, and where
the views agree on nothing: its own prediction.
"""

from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ..answers.label_warnings import CLICK, person_size
from ..pool import Pool
from ..query import Query
from .progress import UnitProgress
from .propagation import Agreed, Rig, agree, clip_line, epipolar_line, rig_of
from .tasks import Person

#: What a joint is on the page.
NOTHING, PREDICTED, PROPOSED, PLACED, ABSENT = 0, 1, 2, 3, 4


class Suggestions:
    """The suggestions of a query.

    Args:
        query (Query): The query.
        pool (Pool): Its pool, which knows the cameras.
        threshold (float, optional): How far clicks may be from where the other views put a
            joint, pixels; by default :data:`~..answers.label_warnings.CLICK` of the person.
    """

    def __init__(self, query: Query, pool: Pool, threshold: Optional[float] = None):
        self.query, self.pool, self.threshold = query, pool, threshold
        self._known: Dict[Tuple[int, ...], Tuple[Rig, np.ndarray]] = {}

    def person(self, person: Person, progress: UnitProgress) -> dict:
        """A person as the page shows it: views, joints, epipolar lines, notes.

        Returns:
            dict: ``views``, each with ``joints`` as [x, y, v, state, confidence, error,
            agrees] and ``follows``, whether clicks in other views say where a joint is in it;
            ``lines``, joint -> view -> points; ``notes``, what to look at again.
        """
        rig, filled = self._rig_and_predictions(person)
        clicks = self._clicks(person, progress)
        agreed = agree(rig, clicks, self._reach(person))
        rigged = rig.known & (rig.known.sum() > 1)
        views = [
            dict(self._view(place, person, progress, filled, agreed), follows=bool(rigged[place]))
            for place in range(len(person.annotations))
        ]
        return dict(
            person=person.number,
            order=person.order,
            views=views,
            lines=self._lines(person, rig, clicks),
            notes=self._notes(person, rig, clicks, agreed),
        )

    # ---- what is known before anybody clicks -------------------------------------------

    def _images(self, person: Person) -> List[dict]:
        entries = (self.query.annotations[number] for number in person.annotations)
        return [self.query.images[entry['image_id']] for entry in entries]

    def _rig_and_predictions(self, person: Person) -> Tuple[Rig, np.ndarray]:
        """Cameras, and x, y, confidence of each joint, (V, J, 3); NaN where nobody knows."""
        key = tuple(person.annotations)
        if key not in self._known:
            rig = rig_of(self.pool, self._images(person))
            self._known[key] = rig, self._predictions(person, rig)
        return self._known[key]

    def _predictions(self, person: Person, rig: Rig) -> np.ndarray:
        own = np.full((len(person.annotations), len(self.query.joints), 3), np.nan)
        for place, number in enumerate(person.annotations):
            prediction = self.query.annotations[number]['prediction']
            if prediction is not None:
                values = np.asarray(prediction, np.float64)
                own[place] = np.where(values.any(1)[:, None], values, np.nan)
        if rig.known.sum() < 2 or np.isnan(own[..., :2]).all():
            return own
        scores = np.nan_to_num(own[..., 2])
        few = min(3, int(rig.known.sum()))
        threshold = self.query.content['threshold']
        agreed = agree(rig, own[..., :2].copy(), threshold, scores, few)
        sure = np.where(agreed.inliers, scores, 0).sum(0) / np.maximum(agreed.inliers.sum(0), 1)
        projected = np.isfinite(agreed.pixels).all(-1)
        shared = np.concatenate([agreed.pixels, np.broadcast_to(sure, scores.shape)[..., None]], -1)
        return np.where(projected[..., None], shared, own)

    def _reach(self, person: Person) -> np.ndarray:
        """How far a click may be off in each view, pixels (V, )."""
        boxes = [self.query.annotations[number]['bbox'] for number in person.annotations]
        own = [CLICK * person_size(box) for box in boxes]
        return np.array(own if self.threshold is None else [self.threshold] * len(boxes))

    # ---- what the clicks say -----------------------------------------------------------

    def _clicks(self, person: Person, progress: UnitProgress) -> np.ndarray:
        """Where somebody put the joints, (V, J, 2); NaN elsewhere."""
        clicks = np.full((len(person.annotations), len(self.query.joints), 2), np.nan)
        for place, number in enumerate(person.annotations):
            if progress.reason(number) is None:
                for joint in range(len(self.query.joints)):
                    cell = progress.joint(number, joint)
                    if cell is not None and cell[2] > 0:
                        clicks[place, joint] = cell[:2]
        return clicks

    def _view(
        self, place: int, person: Person, progress: UnitProgress, filled: np.ndarray, agreed: Agreed
    ) -> dict:
        number = person.annotations[place]
        entry, image = self.query.annotations[number], self._images(person)[place]
        joints = []
        for joint in range(len(self.query.joints)):
            cell = progress.joint(number, joint)
            if cell is not None:
                error = agreed.errors[place, joint]
                agrees = bool(agreed.inliers[place, joint]) or not agreed.met[joint]
                joints.append(_given(cell, error, agrees))
            else:
                joints.append(_suggested(image, agreed.pixels[place, joint], filled[place, joint]))
        return dict(
            id=number,
            image=image['id'],
            name=entry['view'] or image['name'],
            file=image['file'],
            width=image['width'],
            height=image['height'],
            bbox=entry['bbox'],
            reason=progress.reason(number),
            joints=joints,
        )

    def _lines(self, person: Person, rig: Rig, clicks: np.ndarray) -> Dict[int, Dict[int, list]]:
        """Epipolar lines of the joints that are clicked in one view only."""
        lines: Dict[int, Dict[int, list]] = {}
        images = self._images(person)
        clicked = np.isfinite(clicks).all(-1) & rig.known[:, None]
        for joint in np.flatnonzero(clicked.sum(0) == 1).tolist():
            view = int(np.flatnonzero(clicked[:, joint])[0])
            for other in np.flatnonzero(rig.known).tolist():
                if other != view:
                    line = epipolar_line(rig, view, clicks[view, joint], other)
                    shown = clip_line(line, images[other]['width'], images[other]['height'])
                    if shown:
                        lines.setdefault(joint, {})[person.annotations[other]] = shown
        return lines

    def _notes(self, person: Person, rig: Rig, clicks: np.ndarray, agreed: Agreed) -> List[dict]:
        """Clicks that do not agree with those of the other views, the farthest first."""
        clicked = np.isfinite(clicks).all(-1) & rig.known[:, None]
        names = [
            self.query.annotations[number]['view'] or str(number) for number in person.annotations
        ]
        notes: List[Tuple[float, dict]] = []
        for place, joint in np.argwhere(clicked & agreed.met & ~agreed.inliers).tolist():
            error = float(agreed.errors[place, joint])
            text = (
                f'{self.query.joints[joint]}: {names[place]} is {error:.0f} px from where the '
                'other views put it'
            )
            notes.append((-error, _note(text, joint, [person.annotations[place]])))
        for joint in np.flatnonzero(~agreed.met & (clicked.sum(0) > 1)).tolist():
            places = np.flatnonzero(clicked[:, joint]).tolist()
            views = ', '.join(names[place] for place in places)
            text = f'{self.query.joints[joint]}: the clicks in {views} do not meet'
            notes.append((1.0, _note(text, joint, [person.annotations[p] for p in places])))
        return [note for _, note in sorted(notes, key=lambda pair: pair[0])]


def _note(text: str, joint: int, annotations: List[int]) -> dict:
    return dict(text=text, joint=joint, annotations=annotations)


def _given(cell: List[float], error: float, agrees: bool) -> List[Any]:
    """A joint that somebody placed, or said that it is not to be labelled."""
    x, y, v = cell
    if v == 0:
        return [0, 0, 0, ABSENT, None, None, True]
    shown = round(float(error), 2) if np.isfinite(error) else None
    return [x, y, int(v), PLACED, None, shown, agrees]


def _suggested(image: dict, proposed: np.ndarray, filled: np.ndarray) -> List[Any]:
    """A joint that nobody has said anything of; the clicks go before the predictions."""
    for place, confidence, state in (
        (proposed, None, PROPOSED),
        (filled[:2], filled[2], PREDICTED),
    ):
        if np.isfinite(place).all():
            x, y = (round(float(value), 3) for value in place)
            if -0.5 <= x <= image['width'] - 0.5 and -0.5 <= y <= image['height'] - 0.5:
                sure = None if confidence is None else round(float(confidence), 3)
                return [x, y, 2, state, sure, None, True]
            return [0, 0, 0, NOTHING, None, None, True]  # it is outside this image
    return [0, 0, 0, NOTHING, None, None, True]
