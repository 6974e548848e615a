"""``mmpose-al results-table``: printed, and between the markers of pages."""

import json

import pytest

from tests.commands import command


@pytest.fixture
def results(tmp_path):
    """A folder of two rows with one seed each."""
    folder = tmp_path / 'lspet'
    folder.mkdir()
    for row, value in (('supervised', 10.0), ('posedual', 12.5)):
        content = dict(row=row, seed=0, steps=5, input_size=[8, 8], machine='m', batch_size=1)
        content.update(table='lspet', config='c.py', labels='all', metrics={'pck/a': value})
        (folder / f'{row}_seed0.json').write_text(json.dumps(content))
    return folder


def test_the_table_is_printed_and_written_into_every_page(results, tmp_path, capsys):
    pages = [tmp_path / 'whole.md', tmp_path / 'short.md']
    pages[0].write_text('before\n<!-- table: lspet -->\nold\n<!-- end -->\nafter\n')
    pages[1].write_text('<!-- table: lspet; only: posedual -->\n<!-- end -->\n')
    command('results-table', results, '--write', *pages)
    printed = capsys.readouterr().out
    assert '| posedual |' in printed and '12.5' in printed
    whole, short = (page.read_text() for page in pages)
    assert whole.startswith('before\n<!-- table: lspet -->\n')
    assert whole.endswith('<!-- end -->\nafter\n')
    assert printed.strip() in whole and 'old' not in whole
    assert '| posedual |' in short and '| supervised |' not in short


def test_a_page_without_markers_is_told_in_a_line(results, tmp_path):
    page = tmp_path / 'page.md'
    page.write_text('nothing here')
    with pytest.raises(SystemExit, match='error: .*page.md'):
        command('results-table', results, '--write', page)
    assert page.read_text() == 'nothing here'
