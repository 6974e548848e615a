"""``mmpose-al convert videos``: what it refuses before it reads a video."""

import pytest

from mmpose_al.cli.main import main
from tests.commands import command

WORDS = ['rig', '--calibration', 'calib.toml', '--unit', 'm', '--out', 'walk.json']


@pytest.mark.parametrize(
    'more, problem',
    [
        (['--boxes', 'a', '--detector', 'b', 'c'], 'not allowed with argument --boxes'),
        (['--step', '0'], 'argument --step: '),
        (['--start', '-1'], 'argument --start: '),
        (['--fps', 'nan'], 'argument --fps: '),
        (['--unit', 'inches'], 'argument --unit: '),
    ],
)
def test_arguments_that_cannot_be_are_wrong_usage(more, problem, capsys):
    with pytest.raises(SystemExit) as stop:
        main(['convert', 'videos', *WORDS, *more])
    assert stop.value.code == 2 and problem in capsys.readouterr().err


def test_a_folder_without_videos_is_told_in_a_line(tmp_path):
    with pytest.raises(SystemExit, match='error: .*: holds neither videos nor folders of images'):
        command('convert videos', tmp_path, *WORDS[1:])
