"""The page "Add an annotation format": its file, outside the package, is all that it takes."""

import csv
import importlib
import os
import os.path as osp
import sys

import pytest
from mmengine.utils import import_modules_from_strings

from mmpose_al.active_learning.formats import format_names
from mmpose_al.active_learning.registry import ANNOTATION_FORMATS
from mmpose_al.active_learning.state import new_state
from mmpose_al.cli.main import main
from tests.test_active_learning.people import (
    ROUND,
    labelled,
    load_query,
    opened,
    snapshot,
    write_pool,
)
from tests.test_docs.pages import blocks

PAGE = osp.join('docs', 'extending', 'annotation_format.md')
MODULE = 'csv_format'


def forget():
    """As in a process that has imported nothing but the package."""
    sys.modules.pop(MODULE, None)
    ANNOTATION_FORMATS.module_dict.pop('csv', None)
    importlib.invalidate_caches()


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The page's first block as a file where Python finds it."""
    code = next(block.text for block in blocks(PAGE) if block.language == 'python')
    (tmp_path / f'{MODULE}.py').write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    forget()
    yield MODULE
    forget()


@pytest.fixture
def command():
    """Runs a command in a process that knows the package's formats only."""

    def run(*words):
        forget()
        assert 'csv' not in format_names()
        return main(words)

    return run


def begun(annotator):
    """What a training leaves before it asks: the state, and its config."""
    state = new_state(annotator.folder, annotator.pool, 'digest', 0)
    state.finish(0, 'annotate', {})
    with open(osp.join(annotator.folder, 'experiment_config.py'), 'w') as file:
        file.write("custom_imports = dict(imports=['mmpose_al', 'csv_format'])\n")


def edited(path, target, change, separator=','):
    """The table with each row changed, ``None`` leaves it out."""
    with open(path, newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file, delimiter=separator))
    with open(target, 'w', newline='', encoding='utf-8') as file:
        table = csv.DictWriter(file, rows[0], delimiter=separator)
        table.writeheader()
        table.writerows(row for row in map(change, rows) if row is not None)
    return str(target)


def moved(row):
    """Somebody puts the nose of annotation 80 elsewhere and hides its hand."""
    if row['person'] != '80':
        return None
    if row['joint'] == 'nose':
        return dict(row, x='101.5', y='7', v='2')
    return dict(row, v='1') if row['joint'] == 'left_hand' else row


def test_one_file_adds_a_format(module, command, tmp_path, capsys):
    path, _, views = write_pool(tmp_path / 'data')
    work = str(tmp_path / 'work')
    import_modules_from_strings([module])  # as custom_imports of a config does
    annotator = opened(work, path, formats=['csv'])
    annotator.ask(ROUND, [20, 0], [3.0, 1.0], views)
    begun(annotator)
    query = load_query(work, ROUND)
    made = {name for name in os.listdir(query.folder) if not name.endswith('.sha256')}
    assert made == {'README.md', 'query.json', 'images', 'joints.csv'}

    # the commands find it through the config of the experiment
    out = str(tmp_path / 'more')
    words = ('--formats', 'coco', 'csv', '--out', out)
    assert command('query', work, *words) == 0
    with open(osp.join(out, 'joints.csv')) as a, open(osp.join(query.folder, 'joints.csv')) as b:
        assert a.read() == b.read()

    answers = edited(osp.join(out, 'joints.csv'), tmp_path / 'a', moved)
    before = snapshot(work)
    assert command('ingest', work, answers, '--dry-run') == 0
    assert '1 units, 1 views, 5 joints would be accepted (csv)' in capsys.readouterr().out
    assert snapshot(work) == before
    assert command('ingest', work, answers, '--format', 'csv') == 0
    labels, _ = labelled(annotator.labels_file)
    assert list(labels) == [80]
    assert labels[80][:2, 2].tolist() == [2, 1] and labels[80][0].tolist() == [101.5, 7, 2]
    prediction = query.annotations[80]['prediction']
    assert labels[80][1:, :2].tolist() == [point[:2] for point in prediction[1:]]


def test_its_options_and_faults_are_shown(module, command, tmp_path, capsys):
    path, _, views = write_pool(tmp_path / 'data', 1)
    work, out = str(tmp_path / 'work'), str(tmp_path / 'more')
    import_modules_from_strings([module])
    annotator = opened(work, path, formats=[dict(type='csv', separator=';')])
    annotator.ask(ROUND, [0], [1.0], views)
    begun(annotator)
    with pytest.raises(SystemExit):
        command('ingest', '--help')
    assert 'pixel_origin=...' in capsys.readouterr().out
    words = ('--formats', 'csv', '--out', out, '--options', 'separator=;')
    assert command('query', work, *words) == 0
    own = ('--options', 'separator=;')
    for change, words, text in (
        (lambda row: dict(row, joint='tail'), own, 'line 2, field "row": \'tail\' is not in list'),
        (lambda row: dict(row, person='77'), own, 'person 77, field "id": 77 is no annotation'),
        (lambda row: dict(row, x='inf', v='2'), own, "joint 'nose' is [inf, "),
        (lambda row: dict(row, x='640.5', v='2'), own, 'outside the 640x480 image'),
        (dict, own, 'give --accept-unchanged'),
        (dict, ('--format', 'tsv'), "one of coco, cvat, label_studio, csv; got 'tsv'"),
        (dict, ('--format', 'csv', '--options', 'tab=1'), "'csv' has no option tab"),
        (dict, ('--options', 'tab=1'), 'no annotation format has an option tab'),
        (dict, (), 'or a table with the columns image, person'),  # with a comma
    ):
        answers = edited(osp.join(out, 'joints.csv'), tmp_path / 'a', change, ';')
        before = snapshot(work)
        assert command('ingest', work, answers, *words) == 1
        assert text in capsys.readouterr().err
        assert snapshot(work) == before
    answers = edited(osp.join(out, 'joints.csv'), tmp_path / 'a', dict, ';')
    with open(answers) as file:
        text = file.read()
    with open(answers, 'w') as file:
        file.write(text.replace(';', ','))
    assert command('ingest', work, answers, '--format', 'coco') == 1
    assert 'is csv, not coco' in capsys.readouterr().err
