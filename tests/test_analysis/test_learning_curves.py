"""Learning curves of a results table, by hand, and as a picture."""

import json

import cv2
import pytest

from mmpose_al.analysis.learning_curves import curves_of
from mmpose_al.analysis.results_table import load
from tests.commands import command


def write(folder, row, seed, curve):
    entries = [dict(step=10 * (n + 1), metrics=metrics) for n, metrics in enumerate(curve)]
    content = dict(row=row, seed=seed, steps=20, machine='m', batch_size=4, input_size=[4, 4])
    content.update(labels='all', metrics=curve[-1], curve=entries)
    (folder / f'{row}_seed{seed}.json').write_text(json.dumps(content))


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / 'long'
    found.mkdir()
    write(found, 'supervised', 0, [{'pck/a': 20.0}, {'pck/a': 30.0}])
    write(found, 'supervised', 1, [{'pck/a': 22.0}, {'pck/a': 31.0}])
    two = [{'pck/a': 21.0, 'ensemble/pck/a': 25.0}, {'pck/a': 33.0, 'ensemble/pck/a': 35.0}]
    write(found, 'posedual-a', 0, two)
    return found


def test_values_of_the_seeds_by_step_and_of_ensembles(folder):
    assert curves_of(load(str(folder)), 'pck/a') == {
        'supervised': {10: [20.0, 22.0], 20: [30.0, 31.0]},
        'posedual-a': {10: [21.0], 20: [33.0]},
        'posedual-a, ensemble': {10: [25.0], 20: [35.0]},
    }


def test_only_steps_that_all_seeds_have_count(folder):
    write(folder, 'supervised', 1, [{'pck/a': 22.0}])
    assert curves_of(load(str(folder)), 'pck/a')['supervised'] == {10: [20.0, 22.0]}


def test_the_picture(folder, tmp_path):
    figure = tmp_path / 'curves.png'
    command('results-table', folder, '--figure', figure)
    assert cv2.imread(str(figure)).std() > 5
    with pytest.raises(SystemExit, match="no metric 'pck/b'; there are pck/a"):
        command('results-table', folder, '--figure', figure, '--metric', 'pck/b')
    for path in folder.iterdir():
        content = json.loads(path.read_text())
        del content['curve']
        path.write_text(json.dumps(content))
    with pytest.raises(SystemExit, match=f'{folder}: no result has a "curve"'):
        command('results-table', folder, '--figure', figure)
