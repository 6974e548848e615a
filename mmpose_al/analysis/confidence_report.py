"""What scores of joints are worth: a fitted map, and figures before and after it."""

from typing import Any, Dict, List, NamedTuple

import numpy as np

from ..confidence import (
    METHODS,
    ConfidenceMap,
    Reliability,
    fit_confidence,
    fitted_on_others,
    negative_log_likelihood,
    reliability,
    scale_of,
)
from ..evaluation.joint_ece import JudgedJoints


class ConfidenceReport(NamedTuple):
    """Scores before and after a map was fitted to them.

    Attributes:
        mapping (ConfidenceMap): Fitted on all joints.
        method (str): By which it was.
        figures (dict): ``'scores'`` and each method that the scores allow -> ECE, NLL, mean
            confidence and share right. Of a method they are of joints whose image took no part
            in the fit: two maps, one of every other image each, tell about the other half.
        before, after (Reliability): Of all joints, with the scores as they are and, in the same
            way, by the chosen method.
        joints_before, joints_after (dict): The same by the name of a joint.
    """

    mapping: ConfidenceMap
    method: str
    figures: Dict[str, Dict[str, float]]
    before: Reliability
    after: Reliability
    joints_before: Dict[str, Reliability]
    joints_after: Dict[str, Reliability]


def confidence_report(
    judged: JudgedJoints, method: str = 'platt', bins: int = 15
) -> ConfidenceReport:
    """Fit a map to judged joints, and say what it brings.

    Args:
        judged (JudgedJoints): Of a validation set.
        method (str): One of ``METHODS``.
        bins (int): Of the reliability.

    Raises:
        ValueError: See :func:`~mmpose_al.confidence.fit_confidence`.
    """
    counted = judged.counted
    scores, right = judged.scores[counted], judged.right[counted]
    every_other = (np.arange(len(counted)) % 2 == 0)[:, None] & np.ones_like(counted)
    mapping = fit_confidence(scores, right, method)
    allowed = METHODS if scale_of(scores) == 'logit' else (method,)
    found = {'scores': np.clip(scores, 0, 1)}
    for name in allowed:
        found[name] = fitted_on_others(scores, right, every_other[counted], name)
    figures = {
        name: dict(
            ECE=reliability(values, right, bins).ece,
            NLL=negative_log_likelihood(values, right),
            mean=float(values.mean()),
            right=float(right.mean()),
        )
        for name, values in found.items()
    }
    which = np.nonzero(counted)[1]
    joints: List[Dict[str, Reliability]] = [
        {
            joint: reliability(values[which == index], right[which == index], bins)
            for index, joint in enumerate(judged.joints)
        }
        for values in (found['scores'], found[method])
    ]
    together = [reliability(found[name], right, bins) for name in ('scores', method)]
    return ConfidenceReport(mapping, method, figures, *together, *joints)


def report_content(report: ConfidenceReport) -> Dict[str, Any]:
    """A report as JSON."""

    def table(values: Reliability) -> Dict[str, Any]:
        return dict(
            ECE=values.ece,
            count=values.count.tolist(),
            confidence=values.confidence.tolist(),
            right=values.right.tolist(),
        )

    return dict(
        method=report.method,
        figures=report.figures,
        reliability=dict(before=table(report.before), after=table(report.after)),
        joints={
            name: dict(before=table(before), after=table(report.joints_after[name]))
            for name, before in report.joints_before.items()
        },
    )


def in_words(report: ConfidenceReport) -> List[str]:
    """Lines of two tables: the methods, and the joints; percent but for NLL."""
    lines = ['| confidence | ECE | NLL | mean | right |', '| --- | --- | --- | --- | --- |']
    for name, each in report.figures.items():
        ece, mean, right = (f'{100 * each[key]:.1f}' for key in ('ECE', 'mean', 'right'))
        lines.append(f'| {name} | {ece} | {each["NLL"]:.3f} | {mean} | {right} |')
    lines += ['', '| joint | joints | right | ECE before | after |']
    lines.append('| --- | --- | --- | --- | --- |')
    for name, before in report.joints_before.items():
        total = int(before.count.sum())
        if not total:
            continue
        right = np.nansum(before.right * before.count) / total
        eces = (f'{100 * each.ece:.1f}' for each in (before, report.joints_after[name]))
        lines.append(f'| {name} | {total} | {100 * right:.1f} | {" | ".join(eces)} |')
    return lines
