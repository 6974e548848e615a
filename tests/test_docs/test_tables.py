"""Tables of results in the pages are those of the result files, not typed."""

import importlib
import json
import os
import os.path as osp
import re

import pytest

from mmpose_al.analysis import active_learning_table, results_table
from tests.test_docs.pages import ROOT, pages, read

RESULTS = osp.join(ROOT, 'benchmarks', 'results')
TABLES = [
    (page, name)
    for page in pages()
    for name in re.findall(r'<!-- table: ([^\s;]+)(?:;[^>]*)? -->', read(page))
]


def table_maker(name):
    """What makes a table of the rows or metrics that the page's marker names."""
    folder = osp.join(RESULTS, name)
    if name.startswith('active_'):
        rows = active_learning_table.load(folder)
        return lambda only: active_learning_table.page_content(rows, f'{name}.png', only)
    if osp.isdir(folder):
        return lambda only: results_table.make_table(folder, only)
    with open(folder + '.json') as file:
        content = json.load(file)
    study = importlib.import_module(f'benchmarks.{name}')
    return lambda only: study.table(content)


@pytest.mark.parametrize('page, name', TABLES)
def test_tables_are_those_of_the_result_files(page, name):
    text = read(page)
    assert results_table.replace_table(text, name, table_maker(name)) == text, (
        f'{page}: the table {name} is out of date; write it with --write'
    )


def test_every_result_has_a_table():
    """What was measured is shown: no folder of results without a page."""
    shown = {name for _, name in TABLES}
    folders = {
        osp.basename(path)
        for path in (osp.join(RESULTS, name) for name in os.listdir(RESULTS))
        if osp.isdir(path)
    }
    hidden = {f for f in folders - shown if not f.endswith('-compute') and not f.endswith('-long')}
    assert not hidden


def test_figures_of_the_readme_are_those_of_the_studies():
    figures = re.findall(r'\d+\.\d ± \d+\.\d', read('README.md'))
    assert len(figures) == 8
    studies = read('docs/studies/lspet.md') + read('docs/studies/active_learning.md')
    assert not [figure for figure in figures if figure not in studies]
