"""Left and right joints by their names."""

import pytest

from mmpose_al.datasets.joint_sides import joint_side, plain_name, side_pairs, without_side


def test_spelling_and_order_do_not_count():
    names = ['left_wrist', 'LWrist', 'Wrist left', 'wrist-L', 'leftWrist']
    assert {plain_name(name) for name in names} == {('left', 'wrist')}
    assert plain_name('Wrist right') != plain_name('left_wrist')


@pytest.mark.parametrize(
    'name, side',
    [('left_hand', 'left'), ('RHand', 'right'), ('nose', None), ('left_to_right', None)],
)
def test_the_side_of_a_joint(name, side):
    assert joint_side(name) == side


def test_pairs_are_found_once():
    names = ['nose', 'right_hand', 'left_hand', 'left_foot', 'LKnee', 'RKnee']
    assert side_pairs(names) == [(2, 1), (4, 5)]  # left_foot has no right one
    assert side_pairs(['nose', 'tail']) == []
    assert without_side('left_hand') == 'hand' and without_side('nose') == 'nose'
