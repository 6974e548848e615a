"""Labels that cannot be right in a single view."""

from types import SimpleNamespace

import numpy as np
import pytest

from mmpose_al.active_learning.answers.single_view import (
    ENOUGH,
    persons_of,
    single_view_warnings,
    usual_lengths,
)

JOINTS = ['nose', 'left_hand', 'right_hand', 'left_foot', 'right_foot']
# A person of 200 px; a diagonal of 250 px.
BOX = [100.0, 100.0, 150.0, 200.0]
POSE = np.array([[175, 110, 2], [240, 200, 2], [110, 200, 2], [230, 290, 2], [120, 290, 2.0]])


def query(predictions=None, number=1, skeleton=((1, 2),)):
    predictions = predictions or {}
    return SimpleNamespace(
        joints=JOINTS,
        images={1: dict(name='a.png')},
        content=dict(category=dict(skeleton=skeleton)),
        annotations={
            i: dict(id=i, image_id=1, bbox=BOX, prediction=predictions.get(i))
            for i in range(number)
        },
    )


def found(labels, predictions=None, skeleton=((1, 2),)):
    asked = query(predictions, len(labels), skeleton)
    labels = dict(enumerate(labels))
    boxes = dict.fromkeys(labels, BOX)
    return single_view_warnings(persons_of(asked, labels), labels, boxes)


def changed(**places):
    pose = POSE.copy()
    for name, place in places.items():
        pose[JOINTS.index(name)] = [*place, 2] if place else 0
    return pose


def test_good_labels_are_silent():
    assert found([POSE, changed(left_hand=None), np.zeros((5, 3))]) == []
    assert found([POSE], {0: POSE.tolist()}) == []


def test_joints_on_one_point():
    # 1 % of 200 px are 2 px
    point = changed(nose=(150, 150), left_hand=(151, 151), right_hand=(150, 151))
    (warning,) = found([POSE, point])
    assert (warning.kind, warning.annotations) == ('one_point', [1])
    assert warning.text == 'a.png, annotation 1: 3 of 5 joints are on one point'
    assert found([changed(nose=(150, 150), left_hand=(150, 150), right_hand=(150, 153))]) == []
    two = changed(left_hand=(175, 110), left_foot=None, right_foot=None, right_hand=None)
    assert found([two]) == []  # an eye may be where the nose is


def test_joints_outside_the_box():
    # an eighth of 200 px is 25 px
    assert found([changed(left_hand=(274, 200), right_hand=(76, 200))]) == []
    (warning,) = found([changed(left_hand=(280, 200), right_foot=(60, 330))])
    assert (warning.kind, warning.joints) == ('outside', ['left_hand', 'right_foot'])
    assert warning.pixels == 50  # 40 to the left, 30 below
    assert 'left_hand, right_foot: outside the box by up to 50 px, 25% of' in warning.text


def test_left_and_right_against_the_prediction():
    swapped = POSE[[0, 2, 1, 4, 3]]
    said = {0: (POSE + [4, -3, 0]).tolist()}
    (warning,) = found([swapped], said)
    assert (warning.kind, list(warning.joints)) == ('exchanged', JOINTS[1:])
    assert warning.text.endswith('exchanged against the prediction (hand, foot)')
    # one pair of two may be a correction: it takes two, or all that there are
    assert found([POSE[[0, 2, 1, 3, 4]]], said) == []
    hands = POSE[[0, 2, 1, 3, 4]] * [[1], [1], [1], [0], [0]]
    assert [w.joints for w in found([hands], said)] == [['left_hand', 'right_hand']]
    # where the model sees both sides at one place, it cannot tell them apart
    said[0][1][:2] = said[0][2][:2] = [175.0, 200.0]
    assert found([hands], said) == []
    # joints that moved elsewhere are no exchange
    moved = POSE + np.array([60, 0, 0])
    assert [w.kind for w in found([moved], {0: POSE.tolist()})] == ['outside']


def test_limbs_far_longer_than_the_others():
    rng = np.random.RandomState(0)
    # nose to left_hand: up to 50 px of the diagonal of 250 px
    lengths = np.r_[np.linspace(20, 50, ENOUGH), 120.0]
    labels = []
    for length in lengths:
        angle = rng.uniform(0.3, 1.2)
        end = 150 + length * np.cos(angle), 150 + length * np.sin(angle)
        labels.append(changed(nose=(150, 150), left_hand=end))
    (warning,) = found(labels)
    assert (warning.kind, warning.annotations) == ('limb', [ENOUGH])
    assert warning.joints == ['nose', 'left_hand'] and warning.pixels == pytest.approx(120)
    usual = np.quantile(lengths / 250, 0.9)
    assert f'at most {usual:.0%}' in warning.text
    # with fewer labels nobody knows
    assert found(labels[-ENOUGH + 1 :]) == []
    # limbs of joints that there are not, or no skeleton at all
    assert found(labels, skeleton=((1, 9),)) == [] and found(labels, skeleton=()) == []


def test_usual_lengths_are_learnt_limb_by_limb():
    labels = {i: changed(left_hand=None) if i < 5 else POSE for i in range(ENOUGH + 4)}
    usual = usual_lengths(query(skeleton=[[1, 2], [4, 5]]), labels, dict.fromkeys(labels, BOX))
    assert np.isnan(usual[0]) and usual[1] == pytest.approx(110 / 250)
    assert usual_lengths(query(), {}, {}).tolist() != [0]
