"""Confidence that means what it says: of joints with 0.8, four in five lie within a radius.

Flow: scores of joints whose truth is known -> which of them lie within a radius -> a map from
scores to confidence, fitted on these (:func:`fit_confidence`) -> a file that predictions and
active learning read. How far the two are apart is seen by :func:`reliability`.

Notation: N joints; ``right`` says which of them lie within the radius.
"""

from typing import Any, List, NamedTuple, Optional, Tuple

import numpy as np

from .fileio import FileError, is_number, read_json

FORMAT, VERSION, WITH_OFFSETS = 'mmpose_al-confidence', 1, 2
METHODS = ('platt', 'joints', 'temperature')
SCALES = ('logit', 'raw')
EDGE = 1e-4  # scores are cut to [EDGE, 1 - EDGE] before the logit
SPREAD = 1.0  # standard deviation that offsets of joints are expected to have, in logits
UNBOUNDED = 1.25  # scores of which one in a hundred is above it are no shares of 1
REMEDY = 'make it again: mmpose-al confidence CONFIG CHECKPOINT --out FILE'


class ConfidenceMap(NamedTuple):
    """From scores to confidence: ``1 / (1 + exp(-(slope * z + intercept + offset)))``.

    z is the logit of a score in [0, 1], such as the maximum of a heatmap, or the score itself
    where it has no upper bound, as SimCC's. Temperature scaling (Guo et al., ICML 2017) has no
    intercept, and its temperature is 1 / slope. Platt scaling (Platt 1999) has one. With offsets
    a joint that is wrong more often than others of its score is told apart from them.

    Attributes:
        scale (str): What z is: ``'logit'`` or ``'raw'``.
        slope, intercept (float): See above.
        offsets (tuple[float]): Of each of K joints; empty where all share one map.
    """

    scale: str
    slope: float
    intercept: float
    offsets: Tuple[float, ...] = ()

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Confidence of scores of any shape, in their dtype; NaN stays.

        With offsets they are of the K joints along the last axis.

        Raises:
            ValueError: There are other joints.
        """
        scores = np.asarray(scores)
        logits = self.slope * to_logits(scores, self.scale) + self.intercept
        if self.offsets:
            self.check_joints(scores.shape[-1] if scores.ndim else 0)
            logits = logits + np.array(self.offsets)
        return sigmoid(logits).astype(scores.dtype if scores.dtype.kind == 'f' else float)

    def check_joints(self, number: int) -> None:
        """Raise ValueError unless it is told for so many joints, or for all alike."""
        if self.offsets and number != len(self.offsets):
            raise ValueError(
                f'the confidence is told for each of {len(self.offsets)} joints, but there are '
                f'{number}; {REMEDY}'
            )


class Reliability(NamedTuple):
    """Confidence against the share that is right, in bins of equal width.

    Attributes:
        count (ndarray): Joints of each bin, (bins, ).
        confidence (ndarray): Their mean confidence, NaN in an empty bin, (bins, ).
        right (ndarray): The share of them that is right, NaN in an empty bin, (bins, ).
    """

    count: np.ndarray
    confidence: np.ndarray
    right: np.ndarray

    @property
    def ece(self) -> float:
        """Expected calibration error in [0, 1]: the mean of ``|right - confidence|`` over the
        bins, each weighted by its joints (Guo et al., Eq. 5); NaN without joints."""
        filled = self.count > 0
        if not filled.any():
            return float('nan')
        apart = np.abs(self.right[filled] - self.confidence[filled])
        return float((apart * self.count[filled]).sum() / self.count.sum())


def sigmoid(values: np.ndarray) -> np.ndarray:
    """The logistic function, without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(values, float)))


def to_logits(scores: np.ndarray, scale: str) -> np.ndarray:
    """What a map is linear in, see :class:`ConfidenceMap`; float64."""
    scores = np.asarray(scores, float)
    if scale == 'raw':
        return scores
    cut = np.clip(scores, EDGE, 1 - EDGE)
    return np.log(cut) - np.log1p(-cut)


def scale_of(scores: np.ndarray) -> str:
    """``'raw'`` where scores have no upper bound near 1, else ``'logit'``."""
    return 'raw' if len(scores) and np.quantile(scores, 0.99) > UNBOUNDED else 'logit'


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = 15) -> Reliability:
    """Bins of joints by their confidence.

    Args:
        confidence (ndarray): Shape (N, ); outside [0, 1] it is cut.
        right (ndarray): bool (N, ).
        bins (int): Of equal width in [0, 1]; a bin has its upper end.
    """
    confidence = np.clip(np.asarray(confidence, float), 0, 1)
    index = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    count = np.bincount(index, minlength=bins)
    sums = (np.bincount(index, weights, bins) for weights in (confidence, np.asarray(right, float)))
    with np.errstate(invalid='ignore'):
        means = [each / count for each in sums]
    return Reliability(count, *means)


def negative_log_likelihood(confidence: np.ndarray, right: np.ndarray) -> float:
    """Mean of ``-log`` of the confidence of right joints and of 1 minus that of wrong ones."""
    cut = np.clip(np.asarray(confidence, float), EDGE, 1 - EDGE)
    if not len(cut):
        return float('nan')
    return float(-np.where(right, np.log(cut), np.log1p(-cut)).mean())


def fit_confidence(
    scores: np.ndarray,
    right: np.ndarray,
    method: str = 'platt',
    joints: Optional[np.ndarray] = None,
) -> ConfidenceMap:
    """The map of least negative log-likelihood.

    Args:
        scores (ndarray): Of joints, (N, ).
        right (ndarray): Which lie within the radius, bool (N, ).
        method (str): ``'platt'``: slope and intercept; ``'temperature'``: the slope alone;
            ``'joints'``: slope, intercept and an offset of each joint. Offsets are drawn to 0, as
            if they were normal with a standard deviation of 1, so that few labels move them little.
        joints (ndarray, optional): Number of each, from 0, (N, ); for offsets.

    Returns:
        ConfidenceMap: It never turns the order of scores of one joint around.

    Raises:
        ValueError: An unknown method, joints that are all right or all wrong, or a temperature
            for scores without an upper bound, whose zero means nothing.
    """
    from scipy.optimize import minimize

    if method not in METHODS:
        raise ValueError(f'method is one of {METHODS}; got {method!r}')
    scores, right = np.asarray(scores, float), np.asarray(right, bool)
    scale = _fittable(scores, right, method)
    logits, free = to_logits(scores, scale), method != 'temperature'
    which = np.asarray(joints) if method == 'joints' else np.zeros(len(scores), int)
    number = int(which.max()) + 1 if method == 'joints' else 0

    def loss(parameters: np.ndarray) -> Any:
        intercept, offsets = parameters[1] if free else 0.0, parameters[2:]
        values = np.exp(parameters[0]) * logits + intercept
        values = values + (offsets[which] if number else 0.0)
        error = sigmoid(values) - right
        slope = (error * logits).mean() * np.exp(parameters[0])
        prior = offsets / SPREAD**2 / len(scores)
        own = np.bincount(which, error, number)[:number] / len(scores) + prior
        gradient = np.concatenate([[slope, error.mean()][: 1 + free], own])
        likelihood = (np.logaddexp(0, values) - right * values).mean()
        return likelihood + 0.5 * (offsets * prior).sum(), gradient

    spread = max(float(logits.std()), 1e-6)
    start = [-np.log(spread), *[0.0] * (number + 1)] if free else [0.0]
    bounds = [(-12.0 - np.log(spread), 6.0 - np.log(spread)), *[(None, None)] * (len(start) - 1)]
    best = minimize(loss, start, jac=True, method='L-BFGS-B', bounds=bounds).x
    offsets = tuple(float(value) for value in best[2:])
    return ConfidenceMap(scale, float(np.exp(best[0])), float(best[1]) if free else 0.0, offsets)


def _fittable(scores: np.ndarray, right: np.ndarray, method: str) -> str:
    """The scale of scores to which a map can be fitted; else a ValueError."""
    if right.all() or not right.any():
        raise ValueError(
            f'{int(right.sum())} of {len(right)} joints lie within the radius; a confidence is '
            'fitted to right and wrong ones. Choose another radius, or more images'
        )
    scale = scale_of(scores)
    if scale == 'raw' and method == 'temperature':
        raise ValueError(
            f'the scores reach {scores.max():.3g}, so they are no shares of 1, which a temperature '
            "scales; take method='platt'"
        )
    return scale


def fit_persons(
    scores: np.ndarray, right: np.ndarray, counted: np.ndarray, method: str
) -> ConfidenceMap:
    """:func:`fit_confidence` of the K joints of N persons.

    Args:
        scores, right (ndarray): Shape (N, K).
        counted (ndarray): Those that are known, bool (N, K).
        method (str): See :func:`fit_confidence`.
    """
    joints = np.nonzero(counted)[1]
    found = fit_confidence(scores[counted], right[counted], method, joints)
    unknown = scores.shape[1] - len(found.offsets)  # the last joints, where nobody is known
    return found._replace(offsets=found.offsets + (0.0,) * unknown) if found.offsets else found


def fitted_on_others(
    scores: np.ndarray, right: np.ndarray, counted: np.ndarray, part: np.ndarray, method: str
) -> np.ndarray:
    """Confidence of persons of either part, by the map that the other part gave.

    Args:
        scores, right, counted, method: See :func:`fit_persons`.
        part (ndarray): The part of each person, bool (N, ).

    Returns:
        ndarray: Shape (N, K).

    Raises:
        ValueError: A map cannot be fitted to one of the parts.
    """
    found = np.empty(scores.shape)
    for chosen in (part, ~part):
        others = ~chosen
        try:
            mapping = fit_persons(scores[others], right[others], counted[others], method)
        except ValueError as error:
            raise ValueError(
                f'of one half of the persons {error}. Figures of a fit are of persons that took no '
                'part in it, so both halves have to be fitted to'
            ) from None
        found[chosen] = mapping(scores[chosen])
    return found


def to_content(mapping: ConfidenceMap, **more: Any) -> dict:
    """A file's content: the map, and what else is to be known of it."""
    version = WITH_OFFSETS if mapping.offsets else VERSION  # earlier versions would pass over them
    return dict(format=FORMAT, version=version, **mapping._asdict(), **more)


def read_confidence(path: str) -> ConfidenceMap:
    """The map of a file that ``mmpose-al confidence`` wrote.

    Raises:
        FileNotFoundError: There is none.
        FileError: It is none of these; it names file, field and remedy.
    """
    content = read_json(path, remedy=REMEDY)
    if not isinstance(content, dict) or content.get('format') != FORMAT:
        raise FileError.at(path, 'the file', 'format', f'is not {FORMAT!r}', REMEDY)
    if content.get('version') not in (VERSION, WITH_OFFSETS):
        known = f'{VERSION} and {WITH_OFFSETS}'
        problem = f'is {content.get("version")!r}, and this version reads {known}'
        raise FileError.at(path, 'the file', 'version', problem, REMEDY)
    if content.get('scale') not in SCALES:
        raise FileError.at(path, 'the file', 'scale', f'is none of {SCALES}', REMEDY)
    for field in ('slope', 'intercept'):
        value = content.get(field)
        if not is_number(value) or (field == 'slope' and value <= 0):
            more = ' above 0' if field == 'slope' else ''
            raise FileError.at(path, 'the file', field, f'is no number{more}', REMEDY)
    offsets = content.get('offsets', [])
    if not isinstance(offsets, list) or not all(map(is_number, offsets)):
        problem = 'is no list of numbers, one a joint'
        raise FileError.at(path, 'the file', 'offsets', problem, REMEDY)
    numbers: List[float] = [float(content['slope']), float(content['intercept'])]
    return ConfidenceMap(content['scale'], *numbers, tuple(map(float, offsets)))
