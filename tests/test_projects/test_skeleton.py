"""Pairs from names, the options about them, and the file that MMPose reads back."""

import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from mmpose_al.datasets.format import FormatError
from mmpose_al.projects.skeleton import (
    guess_pairs,
    make_skeleton,
    metainfo_text,
    read_pairs,
    sigma_of,
    skeleton_of_metainfo,
)


@pytest.mark.parametrize(
    'left, right',
    [
        ('left_ear', 'right_ear'),
        ('leftear', 'rightear'),
        ('LeftEar', 'RightEar'),
        ('EAR_LEFT', 'EAR_RIGHT'),
        ('ear_left_tip', 'ear_right_tip'),
        ('l_ear', 'r_ear'),
        ('ear_L', 'ear_R'),
        ('ear.l', 'ear.r'),
        ('L1', 'R1'),
        ('earL', 'earR'),
        ('LEar', 'REar'),
        ('lEar', 'rEar'),
        ('lear', 'rear'),
        ('earl', 'earr'),
    ],
)
def test_pairs_are_told_from_names(left, right):
    assert guess_pairs(['tail', right, 'nose', left]) == [(left, right)]


@pytest.mark.parametrize('names', [['nose', 'tail', 'lip'], ['nail', 'tail'], ['heel', 'toe']])
def test_other_names_are_no_pairs(names):
    assert guess_pairs(names) == []


def test_a_joint_has_one_mate():
    names = ['left_ear', 'right_ear', 'l_ear', 'r_ear']
    assert guess_pairs(names) == [('left_ear', 'right_ear'), ('l_ear', 'r_ear')]


def test_an_option_takes_the_place_of_the_guess():
    names = ['lear', 'rear', 'a', 'b']
    assert make_skeleton(names, words=['a=b']).pairs == [('a', 'b')]
    assert make_skeleton(names, words=['none']).pairs == []
    assert make_skeleton(names, pairs=[('b', 'a')]).pairs == [('b', 'a')]


@pytest.mark.parametrize('words', [['a'], ['a=x'], ['a=a'], ['a=b', 'b=a']])
def test_a_wrong_pair_is_refused(words):
    with pytest.raises(FormatError, match='--pairs'):
        read_pairs(words, ['a', 'b'])


@pytest.mark.parametrize(
    'names, problem',
    [
        (['nose', 'tail'], 'no left and right joint'),
        (['nose', 'left_ear', 'l_eye', 'r_eye'], 'left_ear has no mate'),
    ],
)
def test_sides_that_nobody_knows_are_refused_with_the_option(names, problem):
    with pytest.raises(FormatError, match=f'{problem}.*--pairs'):
        make_skeleton(names)


def test_one_joint_needs_no_pair():
    assert make_skeleton(['nose']).pairs == []


def test_mmpose_reads_the_file_as_it_was_written(tmp_path):
    skeleton = make_skeleton(
        ["nose's tip", 'left_ear', 'right_ear', 'tail'],
        links=[("nose's tip", 'left_ear'), ('tail', 'gone'), ('tail', 'tail')],
    )
    path = tmp_path / 'metainfo.py'
    path.write_text(metainfo_text(skeleton, 'mouse'))
    meta = parse_pose_metainfo(dict(from_file=str(path)))
    assert meta['flip_indices'] == [0, 2, 1, 3] and meta['dataset_name'] == 'mouse'
    assert meta['skeleton_links'] == [(0, 1)]
    assert skeleton_of_metainfo(meta) == skeleton


def test_sigmas_are_those_of_coco_where_it_has_the_joint():
    assert sigma_of('left_hip') == 0.107 and sigma_of('leftear') == 0.035
    assert sigma_of('tail') == 0.05
