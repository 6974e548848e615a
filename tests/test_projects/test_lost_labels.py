"""Labels of a project are not lost; through the whole command in test_labels.py."""

import json

import pytest

from mmpose_al.datasets.format import FormatError
from mmpose_al.projects.lost_labels import changed_joints, check_labels, check_validation
from mmpose_al.projects.table import Table

JOINTS = ['nose', 'tail']


def content(*names, labelled=True, joints=JOINTS):
    """An annotation file with a person in each image."""
    return dict(
        images=[dict(id=n, file_name=name) for n, name in enumerate(names)],
        annotations=[
            dict(
                id=n,
                image_id=n,
                person_id=0,
                keypoints=[1.0, 2.0, 2 * labelled] * len(joints),
                num_keypoints=len(joints) * labelled,
            )
            for n in range(len(names))
        ],
        categories=[dict(keypoints=joints)],
    )


def project(folder, given, **files):
    """A folder with labels that people gave in it, and annotation files of before."""
    (folder / 'labels' / '1').mkdir(parents=True)
    (folder / 'labels' / '1' / 'labels.json').write_text(json.dumps(given))
    for name, each in files.items():
        (folder / f'{name}.json').write_text(json.dumps(each))
    return str(folder)


def table():
    return Table('videos')


def test_labels_given_here_have_to_be_in_what_it_becomes(tmp_path):
    folder = project(tmp_path, content('walk/000001.jpg', 'walk/000002.jpg'))
    check_labels(
        folder, table(), {'pool.json': content('walk/000002.jpg', 'walk/000001.jpg')}, JOINTS
    )
    with pytest.raises(
        FormatError, match='would not be in it any more: 1, such as walk/000002.jpg'
    ):
        check_labels(folder, table(), {'pool.json': content('walk/000001.jpg')}, JOINTS)


def test_labels_that_the_sources_lack_are_told(tmp_path):
    folder = project(tmp_path, content(), pool=content('a.jpg', 'b.jpg'))
    found = table()
    check_labels(folder, found, {'pool.json': content('a.jpg')}, JOINTS)
    assert found.said == [
        'labelled images of before that are in the sources no more: 1, such as b.jpg'
    ]


def test_a_renamed_joint_is_told_by_both_names(tmp_path):
    before = content('a.jpg', 'b.jpg')
    before['annotations'][1]['keypoints'][5] = 0  # tail of b.jpg: not labelled
    gone = 'joints of before that the sources name no more: tail (1 labels)'
    assert changed_joints(before, ['nose', 'tailbase']) == [gone, 'joints that are new: tailbase']
    assert changed_joints(before, ['tail', 'nose']) == []  # another order
    found = table()
    check_labels(project(tmp_path, content(), pool=before), found, {'pool.json': before}, ['nose'])
    assert found.said == [gone]


def test_a_validation_set_that_stays_counts_and_has_the_same_joints(tmp_path):
    folder = project(tmp_path, content('v.jpg'), val=content('v.jpg'))
    check_labels(folder, table(), {'pool.json': content('a.jpg')}, JOINTS)
    with pytest.raises(FormatError, match='its joints are .*--val'):
        check_validation('val.json', content('v.jpg'), ['nose'])
