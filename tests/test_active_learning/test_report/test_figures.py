"""Figures, tables and their files."""

import csv

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure

from mmpose_al.active_learning.experiment import Metric
from mmpose_al.active_learning.report import figures
from mmpose_al.active_learning.report.experiment import ReportedExperiment
from mmpose_al.active_learning.report.figures import (
    bootstrap_section,
    curve_figure,
    number,
    plain,
    whole_numbers,
    write_csv,
)
from mmpose_al.active_learning.state import load_state
from tests.test_active_learning.states import writable
from tests.test_active_learning.test_report.experiments import write_experiment, write_pool


@pytest.mark.parametrize(
    'value, text',
    [
        (None, '–'),
        (float('nan'), '–'),
        (float('inf'), '–'),
        (12.34567, '12.3'),
        (1234.567, '1235'),
        (99.96, '100'),
        (-0.012345, '-0.0123'),
        (np.float32('nan'), '–'),
        (np.float32(0.5), '0.5'),
        (7, '7'),
        ('mvc', 'mvc'),
    ],
)
def test_numbers_of_a_table(value, text):
    assert number(value) == text


def test_digits_are_those_that_were_asked_for():
    assert number(12.34567, 2) == '12'


def test_a_csv_has_the_whole_numbers_and_leaves_out_what_is_not_known(tmp_path):
    rows = [['a', 1.23456789, float('nan')], ['b, c', 2, 'x']]
    assert write_csv(str(tmp_path), 'out.csv', ['run', 'mean', '±'], rows) == 'out.csv'
    with open(tmp_path / 'out.csv', newline='') as file:
        assert list(csv.reader(file)) == [
            ['run', 'mean', '±'],
            ['a', '1.23456789', ''],
            ['b, c', '2', 'x'],
        ]


def test_counts_have_whole_numbers_on_their_axis():
    axes = Figure().add_subplot()
    axes.plot([0, 1], [0, 2])
    assert not all(float(tick).is_integer() for tick in axes.get_xticks())
    whole_numbers(axes.xaxis)
    assert all(float(tick).is_integer() for tick in axes.get_xticks())


def test_all_residuals_of_a_camera_count_where_some_are_drawn(tmp_path, monkeypatch):
    """The figure gets them all, and says itself how many it draws."""
    folder = tmp_path / 'data'
    folder.mkdir()
    pool, views = write_pool(folder)
    given = {}
    monkeypatch.setattr(figures, '_MOST_POINTS', 7)
    monkeypatch.setattr(figures, 'plot_residuals', lambda r, path, **o: given.update(r, **o))
    experiment = ReportedExperiment(write_experiment(tmp_path / 'mvc_seed0', pool, views))
    rows = {row[0]: row for row in figures.camera_section(experiment, str(tmp_path)).rows}
    assert given.pop('drawn') == 7 and len(given) == len(rows) == 4
    for name, points in given.items():
        assert len(points) == int(rows[name][3]) > 20
        assert number(float(points.mean(0)[0])) == rows[name][1]


def test_names_are_no_mathematics():
    assert plain('a$b$') == r'a\$b\$'


def test_curves_are_drawn_with_full_supervision(tmp_path):
    group = dict(runs=[2, 2, 1], shares=[0.1, 0.2, 0.3], mean=[9.0, 5, 4], deviation=[1.0, 1, 0])
    metric = Metric('multiview/MKPE', True, '$mm$')  # as mathematics it would fail
    pictures = []
    for full in (None, 3.0):
        curve_figure(str(tmp_path), 'curve.png', {'mvc_$': group}, metric, full)
        pictures.append(cv2.imread(str(tmp_path / 'curve.png')))
    without, with_full = pictures
    assert without.shape == with_full.shape and (without != with_full).any()


def test_bootstraps_are_told_with_what_they_brought(tmp_path):
    """Two in round 0, the second of which is not trained yet; one in round 1."""
    (tmp_path / 'data').mkdir()
    pool, views = write_pool(tmp_path / 'data')
    work = write_experiment(tmp_path / 'mvc_seed0', pool, views)
    state = writable(load_state(work))
    made = dict(file='x', joints=30, of=40, weight=0.75, mkpe=12.5)
    state.finish(0, 'bootstrap_1_label', made)
    state.finish(0, 'bootstrap_1_train', dict(metrics={'multiview/MKPE': 51.0}))
    state.finish(0, 'bootstrap_2_label', dict(made, joints=0, weight=None, mkpe=None))
    state.finish(1, 'bootstrap_1_label', dict(made, joints=40))
    state.finish(1, 'bootstrap_1_train', dict(metrics={'multiview/MKPE': 39.0}))
    experiment = ReportedExperiment(work)
    assert [row.metrics['multiview/MKPE'] for row in experiment.rows] == [51, 39, 30]
    section = bootstrap_section([experiment], str(tmp_path))
    assert [row[1:] for row in section.rows] == [
        ['0', '1', '75', '0.75', '12.5', '60', '51'],
        ['0', '2', '0', '–', '–', '51', '–'],
        ['1', '1', '100', '0.75', '12.5', '45', '39'],
    ]
    assert len(section.header) == len(section.rows[0]) and (tmp_path / 'bootstraps.csv').exists()
