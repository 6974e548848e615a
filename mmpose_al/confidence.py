"""Confidence that means what it says: of joints with 0.8, four in five lie within a radius.

Flow: scores of joints whose truth is known -> which of them lie within a radius -> a map from
scores to confidence, fitted on these (:func:`fit_confidence`) -> a file that predictions and
active learning read. How far the two are apart is seen by :func:`reliability`.

Notation: N joints; ``right`` says which of them lie within the radius.
"""

from typing import Any, List, NamedTuple

import numpy as np

from .fileio import FileError, is_number, message, read_json

FORMAT, VERSION = 'mmpose_al-confidence', 1
METHODS = ('platt', 'temperature')
SCALES = ('logit', 'raw')
EDGE = 1e-4  # scores are cut to [EDGE, 1 - EDGE] before the logit
UNBOUNDED = 1.25  # scores of which one in a hundred is above it are no shares of 1
REMEDY = 'make it again: mmpose-al confidence CONFIG CHECKPOINT --out FILE'


class ConfidenceMap(NamedTuple):
    """From scores to confidence: ``1 / (1 + exp(-(slope * z + intercept)))``.

    z is the logit of a score in [0, 1], such as the maximum of a heatmap, or the score itself
    where it has no upper bound, as SimCC's. Temperature scaling (Guo et al., ICML 2017) has no
    intercept, and its temperature is 1 / slope. Platt scaling (Platt 1999) has one.

    Attributes:
        scale (str): What z is: ``'logit'`` or ``'raw'``.
        slope, intercept (float): See above.
    """

    scale: str
    slope: float
    intercept: float

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Confidence of scores of any shape, in their dtype; NaN stays."""
        scores = np.asarray(scores)
        logits = self.slope * to_logits(scores, self.scale) + self.intercept
        return sigmoid(logits).astype(scores.dtype if scores.dtype.kind == 'f' else float)


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


def fit_confidence(scores: np.ndarray, right: np.ndarray, method: str = 'platt') -> ConfidenceMap:
    """The map of least negative log-likelihood.

    Args:
        scores (ndarray): Of joints, (N, ).
        right (ndarray): Which lie within the radius, bool (N, ).
        method (str): ``'platt'``: slope and intercept; ``'temperature'``: the slope alone.

    Returns:
        ConfidenceMap: It never turns the order of scores around.

    Raises:
        ValueError: An unknown method, joints that are all right or all wrong, or a temperature
            for scores without an upper bound, whose zero means nothing.
    """
    from scipy.optimize import minimize

    if method not in METHODS:
        raise ValueError(f'method is one of {METHODS}; got {method!r}')
    scores, right = np.asarray(scores, float), np.asarray(right, bool)
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
    logits, free = to_logits(scores, scale), method == 'platt'

    def loss(parameters: np.ndarray) -> Any:
        values = np.exp(parameters[0]) * logits + (parameters[1] if free else 0)
        error = sigmoid(values) - right
        slope = (error * logits).mean() * np.exp(parameters[0])
        gradient = [slope, error.mean()][: len(parameters)]
        return (np.logaddexp(0, values) - right * values).mean(), np.array(gradient)

    spread = max(float(logits.std()), 1e-6)
    start = [-np.log(spread), 0.0] if free else [0.0]
    bounds = [(-12.0 - np.log(spread), 6.0 - np.log(spread)), (None, None)][: len(start)]
    best = minimize(loss, start, jac=True, method='L-BFGS-B', bounds=bounds).x
    return ConfidenceMap(scale, float(np.exp(best[0])), float(best[1]) if free else 0.0)


def fitted_on_others(
    scores: np.ndarray, right: np.ndarray, part: np.ndarray, method: str
) -> np.ndarray:
    """Confidence of joints of either part, by the map that the other part gave.

    Args:
        scores, right (ndarray): See :func:`fit_confidence`.
        part (ndarray): The part of each joint, bool (N, ).
        method (str): See the same.

    Returns:
        ndarray: Shape (N, ).
    """
    found = np.empty(len(scores))
    for chosen in (part, ~part):
        found[chosen] = fit_confidence(scores[~chosen], right[~chosen], method)(scores[chosen])
    return found


def to_content(mapping: ConfidenceMap, **more: Any) -> dict:
    """A file's content: the map, and what else is to be known of it."""
    return dict(format=FORMAT, version=VERSION, **mapping._asdict(), **more)


def read_confidence(path: str) -> ConfidenceMap:
    """The map of a file that ``mmpose-al confidence`` wrote.

    Raises:
        FileNotFoundError: There is none.
        FileError: It is none of these; it names file, field and remedy.
    """
    content = read_json(path, remedy=REMEDY)
    if not isinstance(content, dict) or content.get('format') != FORMAT:
        raise FileError(message(path, 'the file', 'format', f'is not {FORMAT!r}', REMEDY))
    if content.get('version') != VERSION:
        problem = f'is {content.get("version")!r}, and this version reads {VERSION}'
        raise FileError(message(path, 'the file', 'version', problem, REMEDY))
    if content.get('scale') not in SCALES:
        raise FileError(message(path, 'the file', 'scale', f'is none of {SCALES}', REMEDY))
    for field in ('slope', 'intercept'):
        value = content.get(field)
        if not is_number(value) or (field == 'slope' and value <= 0):
            more = ' above 0' if field == 'slope' else ''
            raise FileError(message(path, 'the file', field, f'is no number{more}', REMEDY))
    numbers: List[float] = [float(content['slope']), float(content['intercept'])]
    return ConfidenceMap(content['scale'], *numbers)
