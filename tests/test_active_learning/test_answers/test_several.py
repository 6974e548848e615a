"""Several answers about one person."""

from types import SimpleNamespace

import numpy as np
import pytest

from mmpose_al.active_learning.answers.several import (
    check_annotator,
    difference,
    latest_by_annotator,
    mean,
    moment,
    one_a_person,
    told_by_several,
)
from mmpose_al.active_learning.formats import Answer, AnswerError

QUERY = SimpleNamespace(
    joints=['nose', 'hand', 'foot'],
    images={1: dict(name='a.png')},
    annotations={7: dict(id=7, image_id=1, bbox=[0.0, 0.0, 100.0, 200.0])},
)


def given(by, *points, at=None, settled=False, number=7):
    keypoints = np.array([[*p, 2.0] if p[0] else [0.0, 0.0, 0.0] for p in points])
    return Answer('e', number, keypoints, True, by, at, 3.0, settled)


ANNA = given('anna', (10, 10), (20, 20), (30, 30), at='2026-03-01T10:00:00Z')
BERT = given('bert', (10, 12), (20, 50), (0, 0), at='2026-03-01T09:00:00Z')


def one(*answers, **options):
    (answer,), warnings = one_a_person(answers, QUERY, 'file', **options)
    return answer, warnings


def test_the_latest_counts_and_a_difference_is_said():
    answer, (warning,) = one(ANNA, BERT)
    assert answer is ANNA  # written first, but later
    # 5 % of 200 px are 10 px: the noses are 2 px apart, the hands 30
    assert (warning.kind, warning.annotations, warning.joints) == ('annotators', [7], ['hand'])
    assert warning.pixels == 30
    assert warning.text == (
        'a.png, annotation 7: bert, anna differ in 1 of 3 joints, in hand by 30 px'
    )
    assert one(ANNA._replace(at=None), BERT)[0] is BERT  # without times, the last one
    near = given('carl', (10, 10), (20, 29.9), (30, 30))
    assert one(ANNA, near)[1] == []


def test_joints_that_the_last_answer_lacks_are_said():
    """They have no label then; the mean takes them from those who label them."""
    late = given('carl', (0, 0), (20, 20), (0, 0), at='2026-03-01T11:00:00Z')
    answer, (warning,) = one(ANNA, late)
    assert answer is late and warning.joints == ['nose', 'foot']
    assert warning.text.endswith('carl answered last and labels no nose, foot, which others do')
    assert one(ANNA, late, rule='mean')[1] == []


def test_whose_answers_count_may_be_said():
    assert one(ANNA, BERT, annotator='bert') == (BERT, [])
    check_annotator([ANNA, BERT], 'bert', 'file')
    with pytest.raises(AnswerError, match="'carl'; those of anna, bert are. Name one of them"):
        check_annotator([ANNA, BERT], 'carl', 'file')
    with pytest.raises(AnswerError, match='does not say whose'):
        check_annotator([ANNA._replace(by=None)], 'anna', 'file')


def test_times_of_other_zones_are_compared_as_times():
    # 12:00 two hours east of Greenwich is 10:00 there
    late, early = (
        ANNA._replace(at='2026-03-01T11:00:00Z'),
        BERT._replace(at='2026-03-01T12:00+02:00'),
    )
    assert one(late, early)[0] is late and one(early, late)[0] is late
    assert moment('2026-03-01T12:00+02:00') == moment('2026-03-01T10:00') == moment(BERT.at) + 3600
    assert moment('yesterday') is None and moment(None) is None
    words = [ANNA._replace(at='b'), BERT._replace(at='a')]  # no times: by the alphabet
    assert one(*words)[0] is words[0]


def test_a_submission_without_joints_does_not_count_beside_labels():
    nothing = given('carl', (0, 0), (0, 0), (0, 0), at='2026-03-01T12:00:00Z')
    answer, warnings = one(ANNA, nothing)
    assert answer is ANNA
    (warning,) = warnings
    assert warning.text.endswith(
        'carl answered last and labels no joint; the answer of anna counts'
    )
    # the same person took the labels away
    own = nothing._replace(by='anna')
    assert one(ANNA, own) == (own, []) and one(nothing)[0] is nothing


def test_of_several_that_are_marked_as_right_the_latest_counts():
    first, second = (each._replace(settled=True) for each in (ANNA, BERT))
    carl = given('carl', (10, 10), (20, 20), (30, 30), at='2026-03-01T12:00:00Z')
    assert one(first, second, carl)[0] is first  # later than the other one, earlier than carl's
    assert one(second, carl) == (second, [])


def test_the_mean():
    answer, warnings = one(ANNA, BERT, rule='mean')
    # the foot is labelled by one of two
    assert answer.keypoints.tolist() == [[10, 11, 2], [20, 35, 2], [30, 30, 2]]
    assert answer.by == 'bert, anna' and answer.seconds is None and len(warnings) == 1
    carl = given('carl', (10, 14), (20, 20), (0, 0))
    carl.keypoints[0, 2] = 1
    answer = mean([ANNA, BERT, carl])
    assert answer.keypoints.tolist() == [[10, 12, 2], [20, 30, 2], [0, 0, 0]]
    hidden = mean([ANNA, carl])  # visible needs more than half
    assert hidden.keypoints[0].tolist() == [10, 12, 1]
    with pytest.raises(ValueError, match="one of latest, mean; got 'best'"):
        one(ANNA, rule='best')


def test_the_marked_one_counts():
    assert one(ANNA, BERT._replace(settled=True)) == (BERT._replace(settled=True), [])
    both = [each._replace(settled=True) for each in (ANNA, BERT)]
    assert one(*both)[0] is both[0]


def test_who_answers_twice_counts_once():
    early = given('anna', (90, 90), (20, 20), (30, 30), at='2026-02-01T10:00:00Z')
    assert latest_by_annotator([ANNA, early, BERT]) == [BERT, ANNA]
    assert one(early, ANNA) == (ANNA, [])
    assert difference([ANNA], QUERY) is None


def test_the_answers_of_all_are_known_where_several_told():
    again = BERT._replace(at='2026-03-01T09:30:00Z')
    empty = given('carl', (0, 0), (0, 0), (0, 0))
    nameless = ANNA._replace(by=None)
    alone = ANNA._replace(annotation=8)
    assert told_by_several([ANNA, BERT, again, empty, nameless, alone]) == [again, ANNA]
    assert told_by_several([ANNA, empty, alone]) == []
