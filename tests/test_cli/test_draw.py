"""``mmpose-al draw``: every option reaches the drawing, impossible ones do not."""

import pytest

from mmpose_al.analysis import multiview_pictures
from tests.commands import command


@pytest.fixture
def wanted(monkeypatch):
    """What is asked for, instead of pictures."""
    calls = []
    monkeypatch.setattr(multiview_pictures, 'draw', calls.append)
    return calls


def test_options_reach_the_drawing(wanted):
    words = ['--frames', 7, 9, '--crop', 1.5, '--cameras', 'left', '--predictions', 'a.json']
    command('draw', 'test.json', '--out', 'pictures', *words)
    [asked] = wanted
    assert (asked.ann_file, asked.out, asked.predictions) == ('test.json', 'pictures', 'a.json')
    assert (asked.frames, asked.cameras, asked.crop) == ([7, 9], ['left'], 1.5)
    assert (asked.threshold, asked.height, asked.limit) == (20, 320, None)


@pytest.mark.parametrize(
    'option, value',
    [('--crop', 0), ('--threshold', -1), ('--height', 0), ('--limit', -2), ('--num', -1)],
)
def test_sizes_that_cannot_be_are_wrong_usage(wanted, option, value, capsys):
    with pytest.raises(SystemExit) as stop:
        command('draw', 'test.json', '--out', 'pictures', option, value)
    assert stop.value.code == 2 and not wanted
    assert f'argument {option}: {value} is ' in capsys.readouterr().err
