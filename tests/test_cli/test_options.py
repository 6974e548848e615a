"""Options that several commands have, and files that are both read and written."""

import argparse

import pytest

from mmpose_al.cli.errors import UsageError
from mmpose_al.cli.options import (
    OutFile,
    add_calibration,
    add_options,
    check_ending,
    check_outputs,
    jpeg_quality,
)
from mmpose_al.converters.calibration import UNITS
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


@pytest.mark.parametrize('word, problem', [('0', 'not at least 1'), ('500', 'above 100')])
def test_a_quality_of_jpeg_files_is_from_1_to_100(word, problem):
    assert jpeg_quality('95') == 95
    with pytest.raises(argparse.ArgumentTypeError, match=problem):
        jpeg_quality(word)


def test_units_and_changes_of_size_are_those_that_converters_know():
    parser = argparse.ArgumentParser()
    add_calibration(parser)
    args = parser.parse_args([])
    assert (args.calibration, args.unit, args.calibration_size) == ([], None, None)
    choices = {action.dest: action.choices for action in parser._actions}
    assert tuple(choices['calibration_size']) == SIZE_CHANGES
    assert set(choices['unit']) == set(UNITS)


def test_a_file_to_write_has_an_ending_that_says_what_it_is():
    check_ending('--out', 'a.json', '.json')
    with pytest.raises(UsageError, match=r'--dump a.txt: let the name end in .pkl or .pickle'):
        check_ending('--dump', 'a.txt', '.pkl', '.pickle')


def test_a_file_that_is_read_is_not_written(tmp_path):
    read, new = tmp_path / 'a.json', OutFile(tmp_path / 'b.json')
    read.write_text('labels of people')
    (tmp_path / 'link.json').symlink_to(read)
    for out in (OutFile(read), OutFile(tmp_path / 'link.json'), OutFile(f'{tmp_path}/./a.json')):
        for files in (str(read), ['c', str(read)]):
            with pytest.raises(UsageError, match='--out .*: is a file that the command reads'):
                check_outputs(argparse.Namespace(files=files, out=out))
    check_outputs(argparse.Namespace(files=str(read), out=new, number=3, none=None))
    check_outputs(argparse.Namespace(files=str(tmp_path), out=OutFile(tmp_path)))  # a folder
    with pytest.raises(UsageError, match='--out .*: is what --config-out writes'):
        check_outputs(argparse.Namespace(config_out=new, out=OutFile(new)))
