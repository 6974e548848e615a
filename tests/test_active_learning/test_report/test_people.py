"""What people did, against numbers worked out by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.experiment import Missing
from mmpose_al.active_learning.report.experiment import ReportedExperiment
from mmpose_al.active_learning.report.people import (
    FIRST_LABELS,
    NOT_SAID,
    Asked,
    agreement,
    answers_of,
    asked_of,
    by_confidence,
    by_joint,
    corrections,
    in_short,
    late_events,
    moves,
    opinions_of,
    picks,
    times,
    told_apart,
    units_of,
    ways,
)
from tests.test_active_learning.experiments import answers, waiting
from tests.test_active_learning.test_report.experiments import write_experiment, write_pool

# Two units of two persons in images each; the box of each person is 100 px high.
PREDICTION = [[10.0, 10.0, 0.95], [50.0, 50.0, 0.35], [0.0, 0.0, 0.0]]


def query(round=1, prediction=True):
    entries = {
        number: dict(
            id=number,
            unit=unit,
            image_id=number,
            bbox=[0.0, 0.0, 60.0, 100.0],
            prediction=PREDICTION if prediction else None,
        )
        for number, unit in ((1, 8), (2, 8), (3, 9), (4, 9))
    }
    joints = ['nose', 'hand', 'foot']
    return SimpleNamespace(round=round, units=[8, 9], annotations=entries, joints=joints)


def entry(number, nose, hand=(0, 0, 0), foot=(0, 0, 0), **told):
    values = [float(v) for point in (nose, hand, foot) for v in point]
    return dict(id=number, keypoints=values, **told)


def event(*entries, several=(), file='a.json'):
    return dict(file=file, format='coco', warnings=[], annotations=list(entries), several=several)


def asked(*events, journal=(), strategy='MVC', **options):
    return Asked(query(**options), strategy, list(events), True, list(journal), 'own.json')


# Nose 3-4-5 away, hand 0.5 px away; the second view has a nose as predicted and a foot that
# was not predicted; of the third nobody said a joint.
ANSWERED = asked(
    event(entry(1, (99, 99, 2))),
    event(
        entry(1, (13, 14, 2), (50.5, 50, 1), by='Anna', at='2026-03-01T10:00:00', seconds=30.0),
        entry(2, (10, 10, 2), foot=(5, 5, 2), by='Anna', at='2026-03-01T10:01:00', seconds=12.0),
        entry(3, (0, 0, 0)),
    ),
)


def test_the_latest_answer_of_a_person_counts():
    first, second = answers_of(ANSWERED)
    assert (first.annotation, first.unit, first.round, first.by) == (1, 8, 1, 'Anna')
    assert first.keypoints.tolist() == [[13, 14, 2], [50.5, 50, 1], [0, 0, 0]]
    assert (second.annotation, second.size, second.seconds) == (2, 100.0, 12.0)
    assert units_of([second, first]) == [(1, 8)]
    assert answers_of(asked()) == []


def test_all_opinions_are_there_the_last_of_each_person():
    told = opinions_of(ANSWERED)
    assert [(a.annotation, a.by) for a in told] == [
        (1, NOT_SAID),
        (1, 'Anna'),
        (2, 'Anna'),
        (3, NOT_SAID),
    ]
    several = [entry(1, (1, 1, 2), by='Anna'), entry(1, (3, 3, 2), by='Ben')]
    mean = entry(1, (2, 2, 2), by='Anna, Ben')
    told = opinions_of(asked(event(mean, entry(2, (7, 7, 2)), several=several)))
    assert [(a.annotation, a.by) for a in told] == [(1, 'Anna'), (1, 'Ben'), (2, NOT_SAID)]


def test_moves_are_of_joints_with_a_prediction_and_a_label():
    found = moves(answers_of(ANSWERED))
    assert found.answer.tolist() == [0, 0, 1] and found.joint.tolist() == [0, 1, 0]
    assert found.pixels.tolist() == [5.0, 0.5, 0.0]
    assert found.share.tolist() == [0.05, 0.005, 0.0]
    assert found.confidence.tolist() == [0.95, 0.35, 0.95]
    assert len(moves(answers_of(asked(event(entry(1, (1, 1, 2))), prediction=False))).pixels) == 0
    assert len(moves([]).pixels) == 0


def test_distances_in_short():
    # of 1 ... 10 the percentiles lie between the 5th and 6th, and at a tenth past the 9th
    pixels = np.arange(1.0, 11)
    found = in_short(pixels, pixels / 100)
    assert (found.num, found.median) == (10, 5.5) and found.most == pytest.approx(9.1)
    assert found.far == 0.5  # 6 to 10 px of 100 are more than 5 %
    assert in_short(pixels[:0], pixels[:0]).num == 0
    assert np.isnan(in_short(pixels[:0], pixels[:0]).median)


def test_by_joint_and_by_confidence():
    found = moves(answers_of(ANSWERED))
    nose, hand, foot = by_joint(found, 3)
    assert (nose.num, nose.median, hand.num, hand.median) == (2, 2.5, 1, 0.5)
    assert foot.num == 0
    (low, high, some), (_, one, sure) = by_confidence(found)
    assert (low, high, some.median) == (0.3, 0.4, 0.5) and (one, sure.num) == (1.0, 2)
    beyond = found._replace(confidence=np.array([-0.2, 1.0, 1.7]))
    assert [(a, d.num) for a, _, d in by_confidence(beyond)] == [(0.0, 1), (0.9, 2)]
    assert [d.num for _, _, d in by_confidence(beyond, (0.0, 1.5, 2.0))] == [2, 1]


def test_the_time_of_a_unit_is_that_of_its_persons():
    later = event(
        entry(3, (1, 1, 2), by='Ben', at='2026-03-01T11:00:00', seconds=5.0),
        entry(1, (1, 1, 2), by='Ben', at='2026-03-01T10:30:00', seconds=7.0),
        entry(4, (1, 1, 2), by='Carl'),
    )
    found = times(ANSWERED._replace(events=[*ANSWERED.events, later]))
    assert found == {'Anna': [42.0], 'Ben': [7.0, 5.0]}


def test_the_browser_has_measured_the_time_itself():
    """What it handed over says the time again, of another tool it does not."""
    journal = [
        dict(op='set', how='click', who='Anna', unit=8, seconds=2.5),
        dict(op='time', who='Ben', unit=8, seconds=4.0),
        dict(op='time', who='Anna', unit=8, seconds=1.0),
        dict(op='time', who='Anna', unit=9, seconds=100.0),  # only looked at
    ]
    own = event(entry(1, (1, 1, 2), by='Anna', seconds=7.5), file='own.json')
    other = event(entry(2, (1, 1, 2), by='Carl', seconds=9.0))
    assert times(asked(own, other, journal=journal)) == {'Anna': [3.5], 'Ben': [4.0], 'Carl': [9.0]}
    assert times(asked(own, other)) == {'Anna': [7.5], 'Carl': [9.0]}


def test_ways_of_the_browser():
    journal = [
        dict(op='take'),
        dict(op='set', how='click'),
        dict(op='set', how='click'),
        dict(op='set', how='accept_all'),
        dict(op='undo'),
        dict(op='skip', annotations=[1], reason='covered'),
        dict(op='time', seconds=3.0),
        dict(op='done', done=True),
    ]
    assert ways(journal) == dict(click=2, accept_all=1, undo=1, skip=1)


def test_picks_that_had_to_be_corrected():
    """Of unit 8 the nose is 5 px off, not more than 5 %; of unit 9 it is 5.5 px off."""
    more = event(entry(3, (10, 15.5, 2)), entry(4, (10, 10, 2)))
    found = picks([asked(prediction=False), ANSWERED._replace(events=[*ANSWERED.events, more])])
    assert list(found) == [('MVC', 1)]
    needed = found['MVC', 1]
    assert (needed.units, needed.corrected, needed.joints.num) == (2, 1, 5)
    assert needed.joints.far == 0.2 and needed.joints.median == 0.5
    assert picks([asked()]) == {}


def test_agreement_of_two_and_three_people():
    """Anna and Ben: noses 5 px apart, hands 10 px, a foot of Ben alone."""
    events = [
        event(entry(1, (10, 10, 2), (50, 50, 2), by='Anna')),
        event(
            entry(1, (13, 14, 2), (50, 60, 1), (5, 5, 2), by='Ben'),
            entry(2, (1, 1, 2), by='Ben'),
            entry(3, (1, 1, 2)),
        ),
        event(entry(2, (1, 3, 2), by='Carl'), entry(3, (0, 0, 0), by='Ben')),
    ]
    told = told_apart(asked(*events))
    found = agreement(told.own)
    assert list(found) == [('Anna', 'Ben'), ('Ben', 'Carl')] and told.corrected == []
    pair = found['Anna', 'Ben']
    assert (pair.persons, pair.alone, pair.joints.num) == (1, 1, 2)
    assert pair.joints.median == 7.5 and pair.joints.far == 0.5
    assert found['Ben', 'Carl'].joints.median == 2 and found['Ben', 'Carl'].persons == 1
    assert agreement(told_apart(ANSWERED).own) == {}


# Anna moves the nose and sets a foot; Ben finds both there, moves the foot by 3-4-5.
FIRST = entry(1, (13.37, 14, 2), (50, 50, 2), (5.5, 5, 2), by='Anna')
SECOND = entry(1, (13.37, 14, 2), (50, 50, 2), (8.5, 9, 2), by='Ben')


def test_who_goes_on_from_anothers_labels_is_no_second_opinion():
    def shown(told):
        return [
            (first.by, second.by, second.keypoints.tolist()) for first, second in told.corrected
        ]

    told = told_apart(asked(event(FIRST), event(SECOND)))
    assert [answer.by for answer in told.own] == ['Anna']
    (pair,) = corrections(told.corrected).items()
    assert pair[0] == ('Anna', 'Ben') and pair[1].persons == 1 and pair[1].alone == 0
    assert pair[1].joints == in_short(np.array([5.0]), np.array([0.05]))
    # Side by side in one file, as Label Studio makes a copy, it is the same.
    assert shown(told_apart(asked(event(SECOND, several=[FIRST, SECOND])))) == shown(told)
    # A tool that exports all answers each time brings none of them again.
    again = told_apart(asked(event(FIRST), event(SECOND), event(SECOND, several=[FIRST, SECOND])))
    assert shown(again) == shown(told) and len(again.own) == 1
    # Handed on as it was: no opinion, and nothing corrected.
    told = told_apart(asked(event(FIRST), event(dict(FIRST, by='Ben'))))
    assert [answer.by for answer in told.own] == ['Anna'] and told.corrected == []


@pytest.mark.parametrize(
    'first, second, made',
    [
        # both leave the hand where it was predicted: that is no trace of each other
        (((11.2, 10, 2), (50, 50, 2)), ((10.9, 10, 2), (50, 50, 2)), False),
        (((11.25, 10, 2), (51.5, 50, 2)), ((10.9, 10, 2), (51.5, 50, 2)), True),
        # whole pixels: one of two alike may be chance, both are not
        (((11, 10, 2), (51, 50, 2)), ((12, 10, 2), (51, 50, 2)), False),
        (((11, 10, 2), (51, 50, 2), (5, 5, 2)), ((11, 10, 2), (51, 50, 2), (6, 5, 2)), True),
        # of different joints there is nothing to compare
        (((11.25, 10, 2), (0, 0, 0)), ((0, 0, 0), (51.2, 50, 2)), False),
    ],
)
def test_what_an_answer_was_made_of(first, second, made):
    told = told_apart(asked(event(entry(1, *first, by='Anna')), event(entry(1, *second, by='Ben'))))
    assert bool(told.corrected) is made and len(told.own) == 2 - made


def test_whoever_takes_a_unit_over_in_the_browser_sees_what_was_there():
    other = entry(1, (20.1, 20, 2), (30.3, 30, 2), by='Ben')
    journal = [dict(op='done', who='Ben', unit=8)]
    for own, made in (('own.json', True), ('a.json', False)):
        told = told_apart(asked(event(FIRST), event(other, file=own), journal=journal))
        assert bool(told.corrected) is made
    assert told_apart(asked(event(FIRST), event(other, file='own.json'))).corrected == []


def test_late_answers_are_of_the_round_that_asked():
    late = dict(entry(2, (10, 10, 2), by='Carl'), late=1)
    now = event(late, entry(3, (1, 1, 2), by='Anna'))
    (found,) = late_events([[event(FIRST)], [now, event(entry(4, (1, 1, 2)))]], 1)
    assert found['annotations'] == [late] and found['warnings'] == []
    assert late_events([[event(FIRST)], [now]], 2) == []


def test_an_experiment_is_read(tmp_path):
    """Round 0 was answered and trained; of round 1 one person of two units has an answer."""
    begun = waiting(tmp_path)
    ids = sorted(begun.pixels)
    some = [i for i in ids if i in ReportedExperiment(begun.work).query(1).annotations][:1]
    ingest(begun.work, answers(begun.work, 1, begun.pixels, tmp_path, some))
    first, second = asked_of(ReportedExperiment(begun.work))
    assert first.strategy == FIRST_LABELS and first.closed
    assert second.strategy == begun.cfg.active_learning.strategy.type and not second.closed
    (answer,) = answers_of(second)
    assert answer.annotation == some[0]
    labelled = answer.keypoints[:, 2] > 0
    np.testing.assert_allclose(
        answer.keypoints[labelled, :2], begun.pixels[some[0]][labelled], atol=1e-9
    )
    assert answer.prediction.shape == (5, 3)
    assert list(picks([first, second])) == [(second.strategy, 1)] and first.late == []

    # An answer to the closed round comes late: it counts there, not where it was taken.
    number = min(ReportedExperiment(begun.work).query(0).annotations)
    moved = {number: np.clip(begun.pixels[number], 5, 400) + 1.25}
    done = ingest(begun.work, answers(begun.work, 0, moved, tmp_path, [number]))
    assert done.late == {0: [number]}
    first, second = asked_of(ReportedExperiment(begun.work))
    assert first.late == [number] and second.late == []
    late = next(each for each in answers_of(first) if each.annotation == number)
    seen = late.keypoints[:, 2] > 0
    np.testing.assert_allclose(late.keypoints[seen, :2], moved[number][seen], atol=1e-9)
    assert len(answers_of(first)) == len(first.query.annotations)
    assert [each.annotation for each in answers_of(second)] == some


def test_nobody_was_asked(tmp_path):
    pool_file, views = write_pool(tmp_path)
    work = write_experiment(tmp_path / 'work', pool_file, views)
    with pytest.raises(Missing, match='nobody was asked'):
        asked_of(ReportedExperiment(work))
