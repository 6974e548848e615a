"""The figure of active-learning experiments: which rows, which looks, which errors."""

import cv2
import pytest

from mmpose_al.analysis.active_learning_figure import draw, looks, panels
from mmpose_al.analysis.active_learning_table import ALONE, load
from mmpose_al.analysis.results_table import TOGETHER
from tests.test_analysis.test_active_learning_table import results

__all__ = ['results']


def test_parts_show_strategies_alone_and_then_what_is_added_to_them(results):
    rows = load(str(results))
    assert panels(rows) == [['random', 'mvc'], ['mvc', 'mvc-pl-grow']]
    for end in (ALONE, TOGETHER):
        rows['mvc-pl-grow' + end] = rows['mvc-pl-grow']
    assert panels(rows) == [['random', 'mvc'], ['mvc', 'mvc-pl-grow']]


def test_rows_of_a_strategy_share_its_colour_and_no_two_rows_look_alike():
    rows = ['random', 'coreset', 'mvc', 'random-bootstrap', 'coreset-bootstrap', 'mvc-pl']
    rows += ['coreset-bootstrap-twice', 'consensus-coreset-bootstrap']
    found = looks(rows)
    assert len(set(found.values())) == len(rows)
    assert found['coreset'].color == found['coreset-bootstrap-twice'].color
    assert len({found[row].color for row in ('random', 'coreset', 'mvc')}) == 3
    assert found['consensus-coreset-bootstrap'].color != found['coreset'].color
    assert {found[row].line for row in ('random', 'coreset', 'mvc')} == {'-'}


def test_a_figure_of_some_rows_and_another_metric(results, tmp_path):
    rows, path = load(str(results)), tmp_path / 'figure.png'
    draw(rows, str(path))
    whole = cv2.imread(str(path))
    draw(rows, str(path), 'pck/a', dict(random='', mvc='chosen'))
    part = cv2.imread(str(path))
    assert part.shape[1] < whole.shape[1] and part.std() > 5
    with pytest.raises(ValueError, match="no metric 'pck'; there are multiview/MKPE"):
        draw(rows, str(path), 'pck')
    with pytest.raises(ValueError, match="no row 'all'; there are random, mvc, mvc-pl-grow"):
        draw(rows, str(path), shown=dict(all=''))
