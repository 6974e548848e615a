"""``mmpose-al export``: the format by its ending or by name."""

import pytest

from tests.commands import command
from tests.test_projects.files import deeplabcut


@pytest.fixture(scope='module')
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp('export')
    command('new', folder / 'p', deeplabcut(folder / 's'))
    return folder / 'p'


def test_files_are_told(project, tmp_path, capsys):
    command('export', project, '--out', tmp_path / 'a.json')
    command('export', project, '--out', tmp_path / 'dlc')
    command('export', project, '--out', tmp_path / 'b.txt', '--format', 'coco')
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith('a.json') and said[1].endswith('CollectedData_Ann.csv')
    assert (tmp_path / 'a.json').read_text() == (tmp_path / 'b.txt').read_text()


@pytest.mark.parametrize(
    'name, words, problem',
    [
        ('p', ['--out', 'x.txt'], 'ends as no format'),
        ('gone', ['--out', 'x.json'], 'is no project'),
    ],
)
def test_errors_are_a_line(project, tmp_path, name, words, problem):
    with pytest.raises(SystemExit, match=problem):
        command('export', project.parent / name, *words)
