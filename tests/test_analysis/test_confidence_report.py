"""The report on confidence: each half judged by the other's map, joints apart."""

import numpy as np
import pytest

from mmpose_al.analysis.confidence_report import confidence_report, in_words, report_content
from mmpose_al.confidence import fit_confidence, reliability
from mmpose_al.evaluation.joint_ece import JudgedJoints


def judged(scale=1.0):
    """Networks that are right half as often as they are sure; one joint in ten is hidden."""
    random = np.random.RandomState(5)
    scores = random.rand(400, 2) * scale
    right = random.rand(400, 2) < scores / scale / 2
    return JudgedJoints(scores, right, random.rand(400, 2) < 0.9, ['nose', 'tail'])


def test_figures_are_of_joints_that_took_no_part_in_the_fit():
    given = judged()
    report = confidence_report(given, 'platt', bins=10)
    seen = given.counted
    assert report.mapping == fit_confidence(given.scores[seen], given.right[seen])
    expected = np.empty((400, 2))
    for half, other in ((0, 1), (1, 0)):
        chosen = seen[half::2]
        fitted = fit_confidence(given.scores[half::2][chosen], given.right[half::2][chosen])
        expected[other::2] = fitted(given.scores[other::2])
    found = reliability(expected[seen], given.right[seen], 10)
    assert report.after.ece == pytest.approx(found.ece)
    assert report.figures['platt']['ECE'] == pytest.approx(found.ece)
    assert report.before.ece == pytest.approx(0.25, abs=0.03)
    assert report.after.ece < 0.06 < report.figures['temperature']['ECE']
    tail = seen[:, 1]
    one = reliability(expected[tail, 1], given.right[tail, 1], 10)
    assert report.joints_after['tail'].count.tolist() == one.count.tolist()
    assert report.joints_after['tail'].ece == pytest.approx(one.ece)
    assert report.joints_before['nose'].count.sum() == seen[:, 0].sum()


def test_scores_without_a_bound_have_no_temperature():
    report = confidence_report(judged(20.0))
    assert list(report.figures) == ['scores', 'platt', 'joints'] and report.mapping.scale == 'raw'
    assert report.figures['platt']['ECE'] < 0.06


def test_tables_and_content():
    report = confidence_report(judged(), 'temperature', bins=10)
    lines = in_words(report)
    assert lines[2].startswith('| scores | 2') and any(
        line.startswith('| tail |') for line in lines
    )
    content = report_content(report)
    assert content['method'] == 'temperature'
    after = content['joints']['nose']['after']
    assert sum(after['count']) == report.joints_before['nose'].count.sum()
    assert content['reliability']['before']['ECE'] == report.before.ece


def test_views_of_one_moment_are_in_one_half():
    """Persons stand as a rig's images do, one view after another."""
    given = judged()
    frames = np.repeat(np.arange(200), 2)
    report = confidence_report(given._replace(moments=frames.tolist()), 'platt', bins=10)
    in_turn = np.c_[np.flatnonzero(frames % 2 == 0), np.flatnonzero(frames % 2 == 1)].ravel()
    scores, right, counted = (each[in_turn] for each in given[:3])
    apart = JudgedJoints(scores, right, counted, given.joints)  # each of its own: halves in turn
    expected = confidence_report(apart, 'platt', bins=10)
    assert report.after.ece == pytest.approx(expected.after.ece)
    assert report.after.ece != pytest.approx(confidence_report(given, 'platt', bins=10).after.ece)


def test_offsets_of_joints_are_judged_by_joint():
    """One joint is right three times in four, the other one time in four, at all scores alike."""
    random = np.random.RandomState(7)
    scores, right = random.rand(600, 2), random.rand(600, 2) < [0.75, 0.25]
    given = JudgedJoints(scores, right, np.ones((600, 2), bool), ['nose', 'tail'])
    report = confidence_report(given, 'joints', bins=10)
    platt, joints = report.figures['platt'], report.figures['joints']
    assert platt['ECE'] < 0.06 and platt['joints_mean'] > 0.2  # right together, wrong apart
    assert joints['joints_mean'] < 0.08 and joints['NLL'] < platt['NLL'] - 0.05
    found = [report.joints_after[name].ece for name in ('nose', 'tail')]
    assert joints['joints_mean'] == pytest.approx(np.mean(found))
    assert joints['joints_max'] == pytest.approx(max(found))
    assert report.mapping.offsets[0] > 0.5 > -0.5 > report.mapping.offsets[1]
    given = given._replace(counted=given.counted & [True, False])
    one = confidence_report(given, 'platt', bins=10).figures['platt']
    assert one['joints_max'] == one['joints_mean']  # of the other there is no label
