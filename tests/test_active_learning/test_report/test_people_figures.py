"""Sections about people: their rows, files and sentences."""

import csv

import cv2
import pytest

from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.report.experiment import ReportedExperiment
from mmpose_al.active_learning.report.people_figures import (
    agreement_section,
    asked_section,
    browser_text,
    correction_section,
    handing_on_section,
    people_sections,
    picks_section,
    time_section,
    warning_section,
)
from tests.test_active_learning.test_report.experiments import write_experiment, write_pool
from tests.test_active_learning.test_report.test_people import ANSWERED, asked, entry, event
from tests.test_cli.people import asked_experiment, exported

BEN = asked(event(entry(3, (10, 40, 2), by='Ben', seconds=90.0)), round=2, strategy='Random')


def rows_of(path):
    with open(path, newline='') as file:
        return list(csv.reader(file))


def test_asked_and_answered(tmp_path):
    journal = [dict(op='set', how='click')] * 3 + [dict(op='undo')]
    section = asked_section([ANSWERED, BEN._replace(journal=journal)], 'frames', str(tmp_path))
    assert section.header[2:6] == [
        'frames asked',
        'frames answered',
        'views asked',
        'views answered',
    ]
    # 42 s are 0.7 minutes, 90 s are 1.5; four joints are labelled in round 1, one is hidden
    assert section.rows == [
        ['1', 'MVC', '2', '1', '4', '2', '4', '1', 'Anna', '0.7', 'closed'],
        ['2', 'Random', '2', '1', '4', '1', '1', '0', 'Ben', '1.5', 'closed'],
        ['total', '', '4', '2', '8', '3', '5', '1', '', '2.2', ''],
    ]
    assert section.text.endswith('In the browser: 3 clicks, 1 undone.')
    assert rows_of(tmp_path / 'people.csv')[1][:3] == ['1', 'MVC', '2']
    assert browser_text([ANSWERED]) == ''


def test_time(tmp_path):
    section = time_section([ANSWERED, BEN], 'frames', str(tmp_path))
    assert section.rows == [
        ['1', 'Anna', '1', '0.7', '42', '42'],
        ['2', 'Ben', '1', '1.5', '90', '90'],
        ['total', '', '2', '2.2', '66', '85.2'],
    ]
    ((name, text),) = section.pictures
    assert text.endswith('median 66') and cv2.imread(str(tmp_path / name)) is not None
    nothing = time_section([asked(event(entry(1, (1, 1, 2))))], 'frames', str(tmp_path))
    assert nothing.rows == [] and nothing.pictures == []


def test_corrections(tmp_path):
    """Moves of 5, 0.5 and 0 px, and 30 px of round 2, of persons of 100 px."""
    section = correction_section([ANSWERED, BEN], str(tmp_path))
    assert section.rows == [
        ['nose', '3', '5', '25', '33.3'],  # nine tenths of 0, 5, 30: 5 + 0.8 * 25
        ['hand', '1', '0.5', '0.5', '0'],
        ['all', '4', '2.75', '22.5', '25'],
    ]
    assert '4 joints: 2.75 px in the median. 25 % are farther than 5 %' in section.text
    assert cv2.imread(str(tmp_path / 'people_moves.png')) is not None
    name, *numbers = rows_of(tmp_path / 'people_moves.csv')[-1]
    assert name == 'confidence 0.9 to 1.0'
    assert list(map(float, numbers)) == pytest.approx([3, 5, 25, 100 / 3])
    assert correction_section([asked()], str(tmp_path)).rows == []


def test_picks(tmp_path):
    one = picks_section([('a', [ANSWERED, BEN])], 'frames', str(tmp_path))
    assert one.rows == [
        ['MVC', '1', '1', '0', '0', '0', '0.5'],
        ['Random', '2', '1', '1', '100', '100', '30'],
    ]
    several = picks_section([('a', [ANSWERED]), ('b', [BEN])], 'frames', str(tmp_path))
    assert several.header[0] == 'run' and [row[0] for row in several.rows] == ['a', 'b']
    assert len(several.header) == len(several.rows[0])


def test_agreement(tmp_path):
    both = [entry(1, (10, 10, 2), by='Anna'), entry(1, (13, 14, 2), (9, 9, 2), by='Ben')]
    section = agreement_section([asked(event(both[1], several=both))], str(tmp_path))
    assert section.rows == [['Anna and Ben', '1', '1', '5', '5', '100', '1']]
    assert len(section.header) == len(section.rows[0])
    assert agreement_section([ANSWERED], str(tmp_path)).rows == []


def test_corrections_of_one_another(tmp_path):
    """Ben leaves Anna's nose, moves the hand by 3-4-5, and adds a foot."""
    first = entry(1, (10.33, 10, 2), (50.3, 50, 2), by='Anna')
    second = entry(1, (10.33, 10, 2), (53.3, 54, 2), (9, 9, 2), by='Ben')
    handed_on = [asked(event(first), event(second))]
    section = handing_on_section(handed_on, str(tmp_path))
    assert section.rows == [['Anna', 'Ben', '1', '1', '5', '5', '1']]
    assert len(section.header) == len(section.rows[0])
    assert rows_of(tmp_path / 'people_corrections.csv')[1][:4] == ['Anna', 'Ben', '1', '1']
    assert agreement_section(handed_on, str(tmp_path)).rows == []
    assert handing_on_section([ANSWERED], str(tmp_path)).rows == []


def test_late_answers_are_said(tmp_path):
    section = asked_section([ANSWERED._replace(late=[1, 2]), BEN], 'frames', str(tmp_path))
    assert 'Late: 2 of round 1; these answers count for the round that asked' in section.text


def test_warnings(tmp_path):
    told = [
        dict(kind='limb', text=f'arm {n}', annotations=[n], joints=[], pixels=float(n))
        for n in (1, 2)
    ]
    told.append(dict(kind='exchanged', text='left', annotations=[1], joints=[], pixels=None))
    section = warning_section([asked(dict(event(), warnings=told))], str(tmp_path))
    assert section.rows == [
        ['1', 'left and right exchanged', '1', '–', 'left'],
        ['1', 'limbs that are too long', '2', '2', 'arm 2'],
    ]


def test_an_experiment_that_asks_nobody_has_no_such_section(tmp_path):
    pool_file, views = write_pool(tmp_path)
    work = write_experiment(tmp_path / 'work', pool_file, views)
    assert people_sections(ReportedExperiment(work), str(tmp_path)) == []


def test_of_an_open_query_without_answers_only_that_it_was_asked(tmp_path):
    work, pixels = asked_experiment(tmp_path)
    (section,) = people_sections(ReportedExperiment(work), str(tmp_path))
    assert section.rows[0][2:6] == ['2', '0', '8', '0'] and section.rows[0][-1] == 'open'
    ingest(work, exported(work, pixels, tmp_path))
    titles = [section.title for section in people_sections(ReportedExperiment(work), str(tmp_path))]
    assert titles[:2] == ['What people answered', 'Corrections']
    assert 'Time of people' not in titles and 'Agreement of annotators' not in titles
