"""The command line as a whole: finding commands, exit status, errors in a line."""

import os
import subprocess
import sys
from importlib import import_module
from types import SimpleNamespace

import pytest

from mmpose_al.cli import main as cli
from mmpose_al.cli.errors import CommandError, UsageError
from mmpose_al.cli.options import OutFile
from tests import ROOT


def call(*words):
    """``python -m mmpose_al`` in a process of its own."""
    return subprocess.run(
        [sys.executable, '-m', 'mmpose_al', *words],
        env=dict(os.environ, PYTHONPATH=ROOT),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def commands(groups=cli.GROUPS, path=''):
    """Names of all commands, those of groups too."""
    for names in groups.values():
        for name in names:
            name = f'{path} {name}'.strip()
            module = cli._module(name)
            if hasattr(module, 'COMMANDS'):
                yield from commands({'': module.COMMANDS}, name)
            else:
                yield name


def stub(action, **more):
    module = SimpleNamespace(
        __doc__='Does `mmpose-al stub x`.',
        HELP='does it',
        add_arguments=lambda parser: parser.add_argument('--x', type=int),
        run=action,
        **more,
    )
    return cli.Command(module, 'stub', 'stub.py', 'python tools/stub.py')


def raises(error):
    def action(args):
        raise error

    return action


def test_help_lists_every_group_and_command_with_a_line():
    done = call('--help')
    assert done.returncode == 0 and done.stderr == ''
    for heading, names in cli.GROUPS.items():
        assert f'\n{heading}:\n' in done.stdout
        for name in names:
            [line] = [li for li in done.stdout.splitlines() if li.startswith(f'  {name} ')]
            assert line.split(name, 1)[1].strip() == cli._module(name).HELP


@pytest.mark.skipif(sys.version_info < (3, 10), reason='Python does not say which -m it runs')
def test_help_and_wrong_words_load_nothing_heavy():
    heavy = ('numpy', 'torch', 'mmengine', 'mmpose', 'cv2', 'matplotlib')
    code = (
        'import sys; sys.argv = ["/usr/bin/mmpose-al", "--help"]\n'
        'from mmpose_al.cli.main import main\n'
        f'status = main(); print([name for name in {heavy} if name in sys.modules])'
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        env=dict(os.environ, PYTHONPATH=ROOT),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == '[]'


def test_nothing_and_unknown_commands_are_wrong_usage():
    done = call()
    assert (done.returncode, done.stdout) == (2, '') and done.stderr.startswith('usage: mmpose-al')
    done = call('trian')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == "mmpose-al: error: no command 'trian'; did you mean 'train'?\n"
    assert 'quickstart, configs' in call('qqqqqqq').stderr


def test_version():
    from mmpose_al import __version__

    assert call('--version').stdout == f'mmpose-al {__version__}\n'


@pytest.mark.parametrize('name', list(commands()))
def test_every_command_says_how_it_is_used(name, capsys):
    module = cli._module(name)
    assert module.HELP and '\n' not in module.HELP and len(module.HELP) <= 78
    assert not module.HELP.endswith('.')
    with pytest.raises(SystemExit) as stopped:
        cli.main([*name.split(), '--help'])
    assert stopped.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f'usage: mmpose-al {name} ')
    assert module.__doc__.strip().splitlines()[0] in said
    assert f'mmpose-al {name}' in module.__doc__  # an example
    assert 'python tools/' not in said and 'demo/' not in said


@pytest.mark.parametrize('name', list(commands()))
def test_files_to_write_are_not_those_to_read(name):
    """So ``check_outputs`` knows of them; a folder takes files beside what is there."""
    parser = cli.parser_of(cli.Command(cli._module(name), name, name, name))
    for action in parser._actions:
        if action.dest in ('out', 'config_out', 'onnx', 'torchscript', 'detections'):
            assert action.type is OutFile or 'folder' in action.help


def test_a_file_that_is_read_is_kept(tmp_path, capsys):
    path = tmp_path / 'a.pth'
    path.write_bytes(b'weights')
    with pytest.raises(SystemExit) as stopped:
        cli.main(['extract', str(path), str(path)])
    assert stopped.value.code == 2 and path.read_bytes() == b'weights'
    assert 'is a file that the command reads' in capsys.readouterr().err


def test_a_tool_is_named_in_its_help_and_examples(capsys):
    with pytest.raises(SystemExit):
        cli.run_tool('/x/tools/sub/train.py', 'train', argv=['--help'])
    said = capsys.readouterr().out
    assert said.startswith('usage: train.py ')
    assert '    python tools/sub/train.py ' in said and 'mmpose-al train' not in said


def test_a_tool_of_several_commands_lists_and_finds_them(capsys):
    assert cli.run_tool('/x/tools/both.py', 'configs', 'train', argv=['--help']) == 0
    said = capsys.readouterr().out
    assert said.startswith('usage: both.py COMMAND') and '\n  configs  ' in said
    assert cli.run_tool('/x/tools/both.py', 'configs', 'train', argv=['test']) == 2
    assert cli.run_tool('/x/tools/both.py', 'configs', 'train', argv=['configs', 'lspet']) == 0
    assert 'lspet' in capsys.readouterr().out


@pytest.mark.parametrize(
    'error, text',
    [
        (ValueError('a bad thing'), 'a bad thing'),
        (KeyError('no such key'), 'no such key'),
        (FileNotFoundError(2, 'No such file', 'a.json'), "[Errno 2] No such file: 'a.json'"),
        (ImportError('no module'), 'no module'),
        (CommandError('refused'), 'refused'),
    ],
)
def test_errors_are_a_line_and_status_1(error, text, capsys):
    assert cli.run_command(stub(raises(error)), []) == 1
    assert capsys.readouterr() == ('', f'error: {text}\n')


def test_errors_of_programs_keep_their_traceback():
    with pytest.raises(ZeroDivisionError):
        cli.run_command(stub(lambda args: 1 / 0), [])
    with pytest.raises(ValueError, match='deep inside'):
        cli.run_command(stub(raises(ValueError('deep inside')), TRACEBACKS=True), [])
    with pytest.raises(BrokenPipeError):  # a worker's, not that of the terminal
        cli.run_command(stub(raises(BrokenPipeError()), TRACEBACKS=True), [])


def test_a_refusal_is_a_line_where_others_have_tracebacks(capsys):
    assert cli.run_command(stub(raises(CommandError('no')), TRACEBACKS=True), []) == 1
    assert capsys.readouterr().err == 'error: no\n'


def test_wrong_usage_shows_the_usage_and_status_2(capsys):
    for action, words in ((raises(UsageError('not both')), []), (lambda a: 0, ['--x', 'y'])):
        with pytest.raises(SystemExit) as stopped:
            cli.run_command(stub(action), words)
        assert stopped.value.code == 2
        assert capsys.readouterr().err.startswith('usage: stub.py [-h] [--x X]\nstub.py: error: ')


def test_status_is_what_the_command_says(capsys):
    assert cli.run_command(stub(lambda args: None), []) == 0
    assert cli.run_command(stub(lambda args: args.x), ['--x', '3']) == 3


def test_an_interruption_is_status_130(capsys):
    assert cli.run_command(stub(raises(KeyboardInterrupt())), []) == 130
    assert capsys.readouterr().err == 'stub.py: interrupted\n'


def test_an_interruption_while_a_command_is_loaded_is_no_traceback(capsys, monkeypatch):
    monkeypatch.setattr(cli, '_module', raises(KeyboardInterrupt()))
    assert cli.main(['status', 'work']) == 130
    assert capsys.readouterr() == ('', 'mmpose-al: interrupted\n')


@pytest.mark.parametrize('more', [{}, dict(TRACEBACKS=True)])
def test_text_from_outside_does_not_speak_to_the_terminal(more, capsys):
    error = CommandError('nobody is called \x1b[2JAnna')
    assert cli.run_command(stub(raises(error), **more), []) == 1
    assert capsys.readouterr().err == 'error: nobody is called \\x1b[2JAnna\n'


def test_what_a_command_prints_does_not_either(capsys):
    assert cli.run_command(stub(lambda args: print('\x1b[1A', file=sys.stderr)), []) == 0
    assert cli.run_command(stub(lambda args: print('\x07Anna')), []) == 0
    assert capsys.readouterr() == ('\\x07Anna\n', '\\x1b[1A\n')


def test_nobody_listens_any_more():
    """As in ``mmpose-al configs | head -1``: the pipe is closed, and nothing is said."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, '-m', 'mmpose_al', 'configs'],
        env=dict(os.environ, PYTHONPATH=ROOT),
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, '')


def test_words_that_are_missing_are_wrong_usage(capsys):
    for words in (['ingest', 'a'], ['report', 'a']):
        with pytest.raises(SystemExit) as left:
            cli.main(words)
        assert left.value.code == 2
    assert '--out' in capsys.readouterr().err


def test_options_may_stand_among_what_is_predicted():
    command = cli.Command(import_module('mmpose_al.cli.predict'), 'predict', 'predict', '')
    found = []
    run, command.module.run = command.module.run, found.append
    try:
        cli.run_command(command, ['model', '--out', 'results', '--video', 'a.mp4', '--', '-b.mp4'])
    finally:
        command.module.run = run
    assert found[0].model == 'model' and found[0].inputs == ['a.mp4', '-b.mp4']


def test_an_empty_argument_is_wrong_usage(capsys):
    """``mmpose-al new "$PROJECT" walk.mp4``: the project became the working folder."""
    for words in (['new', '', 'walk.mp4'], ['predict', 'm', 'a.mp4', '--out', '']):
        with pytest.raises(SystemExit) as left:
            cli.main(words)
        assert left.value.code == 2
        assert 'an argument is empty; a variable of the shell' in capsys.readouterr().err


def test_an_option_that_is_nearly_one_is_told(capsys):
    """``--work_dir`` (mmsegmentation#1442)."""
    with pytest.raises(SystemExit) as error:
        cli.main(['train', 'config.py', '--work_dir', 'here'])
    assert error.value.code == 2
    said = capsys.readouterr().err
    assert 'unrecognized arguments: --work_dir here; did you mean --work-dir?' in said
    with pytest.raises(SystemExit):
        cli.main(['train', 'config.py', 'other'])
    assert capsys.readouterr().err.endswith('unrecognized arguments: other\n')
