import sys

import pytest

from mmpose_al.command_line import command_line, in_markdown, printable, printable_output


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts programs into folders; the first folder is that of this Python."""
    ours, theirs = tmp_path / 'ours', tmp_path / 'the irs'
    for folder in (ours, theirs):
        folder.mkdir()
    monkeypatch.setattr(sys, 'executable', str(ours / 'python3'))
    monkeypatch.setattr(sys, 'argv', ['train.py'])

    def place(path, *programs):
        for program in programs:
            (tmp_path / program).write_text('')
            (tmp_path / program).chmod(0o755)
        monkeypatch.setenv('PATH', ':'.join(str(tmp_path / folder) for folder in path))
        return command_line('train', 'a b.py')

    return place


def test_the_console_script_of_this_python(install):
    assert install(['ours', 'the irs'], 'ours/mmpose-al') == "mmpose-al train 'a b.py'"


def test_that_of_another_python_is_not_ours(install, tmp_path):
    said = install(['the irs', 'ours'], 'the irs/mmpose-al', 'ours/mmpose-al')
    assert said == f"{tmp_path}/ours/python3 -m mmpose_al train 'a b.py'"
    assert install(['the irs'], 'ours/mmpose-al') == said  # not activated


def test_python_where_it_is_this_one(install):
    assert install(['ours'], 'ours/python') == "python -m mmpose_al train 'a b.py'"


def test_how_this_process_was_started(install, tmp_path, monkeypatch):
    """As with ``pip install --user``: the script lies elsewhere."""
    monkeypatch.setattr(sys, 'argv', [str(tmp_path / 'the irs' / 'mmpose-al'), 'status'])
    assert install(['the irs'], 'the irs/mmpose-al') == "mmpose-al train 'a b.py'"


def test_paths_are_quoted(install, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, 'executable', str(tmp_path / 'the irs' / 'python3'))
    assert install([]).startswith(f"'{tmp_path}/the irs/python3' -m mmpose_al ")


def test_names_are_text_in_markdown_whatever_is_in_them():
    assert in_markdown('left_hand') == 'left_hand' and in_markdown(7) == '7'
    assert in_markdown('a|b\nc') == 'a\\|b c'
    assert in_markdown('<img src=x>') == '&lt;img src=x&gt;'
    assert in_markdown('[a](http://b) `c` *d* \\') == '\\[a\\](http://b) \\`c\\` \\*d\\* \\\\'


@pytest.mark.parametrize(
    'text, shown',
    [
        ('Änne 3\t✓\n', 'Änne 3\t✓\n'),
        ('a\x1b[2J\x1b]0;b\x07', 'a\\x1b[2J\\x1b]0;b\\x07'),
        ('hidden \x1b[8m', 'hidden \\x1b[8m'),
        ('\x1b[4m\x1b[33mWARNING\x1b[0m', '\x1b[4m\x1b[33mWARNING\x1b[0m'),  # as MMEngine's logs
        ('a\rb\x9b1A', 'a\\rb\\x9b1A'),
        ('gpj.\u202etxt', 'gpj.\\u202etxt'),
        ('\udcff.png', '\\udcff.png'),
    ],
)
def test_control_characters_are_shown_and_not_obeyed(text, shown):
    assert printable(text) == shown


def test_all_that_is_printed_inside_is_printable(capsys):
    with printable_output():
        print('by \x1b[1A', 'Anna')
        print('\x07', file=sys.stderr)
        sys.stdout.write('\r3 of 4')  # a line that is written anew
        assert not sys.stdout.isatty()
    print('\x07')
    told = capsys.readouterr()
    assert told.out == 'by \\x1b[1A Anna\n\r3 of 4\x07\n' and told.err == '\\x07\n'
