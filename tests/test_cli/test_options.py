"""``--options KEY=VALUE``."""

import argparse

import pytest

from mmpose_al.cli.options import add_calibration_size, add_options
from mmpose_al.converters.sources import SIZE_CHANGES


def test_values_are_read_as_those_of_configs():
    parser = argparse.ArgumentParser()
    add_options(parser, 'of something')
    words = ['--options', 'a=1', 'b=0.5', 'c=x', 'd=[1,2]', 'e=true']
    assert parser.parse_args(words).options == dict(a=1, b=0.5, c='x', d=[1, 2], e=True)
    assert parser.parse_args(['--options', 'a=1', '--options', 'b=2']).options == dict(a=1, b=2)
    assert parser.parse_args([]).options == {}  # and nothing was left in the default


@pytest.mark.parametrize('word', ['.', 'a', '=3', ''])
def test_words_that_are_no_pairs_are_wrong_usage(word, capsys):
    parser = argparse.ArgumentParser()
    add_options(parser, 'help')
    with pytest.raises(SystemExit) as error:
        parser.parse_args(['--options', 'a=1', word])
    assert error.value.code == 2
    assert f'{word!r} is not KEY=VALUE' in capsys.readouterr().err


def test_changes_of_size_are_those_that_converters_know():
    parser = argparse.ArgumentParser()
    add_calibration_size(parser)
    assert parser.parse_args([]).calibration_size is None
    for change in SIZE_CHANGES:
        assert parser.parse_args(['--calibration-size', change]).calibration_size == change
    [option] = [a for a in parser._actions if a.dest == 'calibration_size']
    assert tuple(option.choices) == SIZE_CHANGES
