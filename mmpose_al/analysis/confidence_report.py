"""What scores of joints are worth: a fitted map, and figures before and after it."""

from typing import Any, Dict, List, NamedTuple, Sequence

import numpy as np

from ..command_line import in_markdown
from ..confidence import (
    METHODS,
    ConfidenceMap,
    Reliability,
    fit_persons,
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
            confidence, share right, mean and largest ECE of a joint. Of a method they are of
            joints whose image took no part in the fit: two maps, one of every other image each,
            tell about the other half.
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
    numbers: Dict[Any, int] = {}
    moments = range(len(counted)) if judged.moments is None else judged.moments
    order = np.array([numbers.setdefault(moment, len(numbers)) for moment in moments])
    every_other = order % 2 == 0
    mapping = fit_persons(judged.scores, judged.right, counted, method)
    allowed = METHODS if scale_of(scores) == 'logit' else ('platt', 'joints')
    found = {'scores': np.clip(scores, 0, 1)}
    for name in allowed:
        judgement = (judged.scores, judged.right, counted, every_other, name)
        found[name] = fitted_on_others(*judgement)[counted]
    which = np.nonzero(counted)[1]
    by_joint: Dict[str, Dict[str, Reliability]] = {
        name: {
            joint: reliability(values[which == index], right[which == index], bins)
            for index, joint in enumerate(judged.joints)
        }
        for name, values in found.items()
    }
    figures = {
        name: dict(
            ECE=reliability(values, right, bins).ece,
            NLL=negative_log_likelihood(values, right),
            mean=float(values.mean()),
            right=float(right.mean()),
            **of_joints([each.ece for each in by_joint[name].values()]),
        )
        for name, values in found.items()
    }
    joints = [by_joint[name] for name in ('scores', method)]
    together = [reliability(found[name], right, bins) for name in ('scores', method)]
    return ConfidenceReport(mapping, method, figures, *together, *joints)


def of_joints(errors: Sequence[float]) -> Dict[str, float]:
    """Mean and maximum of the ECE of joints, of those that any label has."""
    known = [error for error in errors if np.isfinite(error)]
    return dict(joints_mean=float(np.mean(known)), joints_max=float(np.max(known)))


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
    lines = ['| confidence | ECE | ECE of a joint | NLL | mean | right |']
    lines.append('| --- | --- | --- | --- | --- | --- |')
    for name, each in report.figures.items():
        keys = ('ECE', 'joints_mean', 'mean', 'right')
        ece, joint, mean, right = (f'{100 * each[key]:.1f}' for key in keys)
        lines.append(f'| {name} | {ece} | {joint} | {each["NLL"]:.3f} | {mean} | {right} |')
    lines += ['', '| joint | joints | right | ECE before | after |']
    lines.append('| --- | --- | --- | --- | --- |')
    for name, before in report.joints_before.items():
        total = int(before.count.sum())
        if not total:
            continue
        right = np.nansum(before.right * before.count) / total
        eces = (f'{100 * each.ece:.1f}' for each in (before, report.joints_after[name]))
        lines.append(f'| {in_markdown(name)} | {total} | {100 * right:.1f} | {" | ".join(eces)} |')
    return lines
