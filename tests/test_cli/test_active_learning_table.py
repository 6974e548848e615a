"""``mmpose-al active-learning-table``: printed, in pages, and as a figure."""

import cv2
import pytest

from tests.commands import command
from tests.test_analysis.test_active_learning_table import results

__all__ = ['results']


def test_the_tables_are_printed_and_the_figure_lies_where_it_is_asked_for(
    results, tmp_path, capsys
):
    figure = tmp_path / 'curves.png'
    command('active-learning-table', results, '--figure', figure)
    assert '**pck/a** (higher is better)' in capsys.readouterr().out
    assert cv2.imread(str(figure)).std() > 5


def test_a_figure_of_chosen_rows(results, tmp_path, capsys):
    figure = tmp_path / 'curves.png'
    words = ('active-learning-table', results, '--rows', 'random', 'mvc=chosen frames')
    command(*words, '--metric', 'pck/a', '--figure', figure)
    assert cv2.imread(str(figure)).std() > 5
    for wrong in ((), ('--figure', figure, '--write', tmp_path / 'page.md')):
        with pytest.raises(SystemExit):
            command(*words, *wrong)
        assert '--rows and --metric are of a --figure of its own' in capsys.readouterr().err


def test_a_figure_lies_beside_the_first_page(results, tmp_path):
    page = tmp_path / 'page.md'
    page.write_text(f'<!-- table: {results.name} -->\n<!-- end -->\n')
    command('active-learning-table', results, '--write', page)
    assert f'({results.name}.png)' in page.read_text()
    assert (tmp_path / f'{results.name}.png').exists()


def test_a_folder_without_results_is_told_in_a_line(tmp_path):
    with pytest.raises(SystemExit, match='error: .*no result files'):
        command('active-learning-table', tmp_path)
