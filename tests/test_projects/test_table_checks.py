"""Tables that can be written, and those that are put right or refused."""

import pytest

from mmpose_al.datasets.format import FormatError
from mmpose_al.projects.table import Person, Shot, Table
from mmpose_al.projects.table_checks import check_table
from tests.test_projects.test_joining import labeled


def test_a_joint_outside_its_image_becomes_unlabelled_and_is_said():
    table = check_table(Table('coco', ['a', 'b'], shots=[labeled(xy=(10.5, 4))]))
    assert not table.shots[0].is_labeled and '1 labelled joints outside' in table.said[0]
    border = check_table(Table('coco', ['a', 'b'], shots=[labeled(xy=(-0.5, 8.0))]))
    assert border.shots[0].is_labeled and not border.said


def test_people_of_an_image_get_numbers_of_their_own():
    shot = Shot('a.png', (10, 8), people=[Person(None, [0, 0, 4, 4])] * 2)
    assert [p.number for p in check_table(Table('coco', shots=[shot])).shots[0].people] == [0, 1]


@pytest.mark.parametrize(
    'table, problem',
    [
        (Table('images'), 'no image is left'),
        (Table('coco', ['a', 'a'], shots=[labeled()]), "both called 'a'"),
        (Table('coco', ['a', 'b'], shots=[labeled(), labeled()]), '1 images are there twice'),
    ],
)
def test_tables_that_cannot_be_written(table, problem):
    with pytest.raises(FormatError, match=problem):
        check_table(table)
