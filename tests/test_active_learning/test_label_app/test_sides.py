import pytest

from mmpose_al.active_learning.label_app.sides import side_of, side_pairs


@pytest.mark.parametrize(
    'name, side',
    [
        ('left_knee', 'left'),
        ('right_knee', 'right'),
        ('LeftKnee', 'left'),
        ('kneeR', 'right'),
        ('L-Ear', 'left'),
        ('l_ear', 'left'),
        ('Right ear', 'right'),
        ('nose', 'middle'),
        ('lower_leg', 'middle'),
        ('bright_spot', 'middle'),
        ('cleft', 'middle'),
        ('rear', 'middle'),
        ('', 'middle'),
        ('paw3R', 'right'),
    ],
)
def test_the_side_of_a_name(name, side):
    assert side_of(name) == side


def test_pairs_differ_by_their_side_alone():
    names = ['nose', 'right_hip', 'left_hip', 'LeftEar', 'RightEar', 'l_toe', 'EyeL', 'EyeR']
    assert side_pairs(names) == [(2, 1), (3, 4), (6, 7)]  # l_toe has no r_toe
    assert side_pairs([]) == []
