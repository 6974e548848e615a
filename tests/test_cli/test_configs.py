from mmpose_al.cli.main import main
from mmpose_al.config_files import list_configs


def test_configs_are_listed_by_words(capsys):
    assert main(['configs']) == 0
    assert capsys.readouterr().out.splitlines() == list_configs()
    assert main(['configs', 'posedual', 'synthetic']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines and all('posedual' in line and 'synthetic' in line for line in lines)


def test_no_such_word(capsys):
    assert main(['configs', 'posedual', 'nothing-like-it']) == 1
    assert capsys.readouterr() == (
        '',
        'error: no config has posedual and nothing-like-it in its name\n',
    )
