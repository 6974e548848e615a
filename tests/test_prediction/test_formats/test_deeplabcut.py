"""The table that DeepLabCut's users read, cell by cell."""

import csv

from mmpose_al.prediction.formats import deeplabcut
from tests.test_prediction.models import predictions


def read(path):
    with open(path, newline='') as file:
        return list(csv.reader(file))


def test_one_body_has_three_header_rows(tmp_path):
    deeplabcut.write(str(tmp_path / 'v.csv'), predictions())
    assert read(tmp_path / 'v.csv') == [
        ['scorer', *['net'] * 6],
        ['bodyparts', *['nose'] * 3, *['tail'] * 3],
        ['coords', *['x', 'y', 'likelihood'] * 2],
        ['0', '10.25', '5.5', '0.9', '20.125', '8', '0.4'],
        ['1', *[''] * 6],
        ['2', '17.25', '5.5', '0.9', '27.125', '8', '0.4'],
    ]


def test_several_bodies_have_a_row_of_individuals(tmp_path):
    deeplabcut.write(str(tmp_path / 'v.csv'), predictions(persons=2, is_video=False))
    rows = read(tmp_path / 'v.csv')
    assert rows[1] == ['individuals', *['individual1'] * 6, *['individual2'] * 6]
    assert rows[2][:4] == ['bodyparts', 'nose', 'nose', 'nose']
    assert rows[4][0] == 'v/000000.jpg' and rows[4][7] == '11.25'
    assert rows[6][1:7] == [''] * 6 and rows[6][7] == '17.25'
