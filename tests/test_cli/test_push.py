"""``mmpose-al push``: what it says, and what it says where it cannot."""

import pytest

from mmpose_al.cli.main import main
from mmpose_al.cli.push import TOKEN as TOKEN_VARIABLE
from mmpose_al.cli.push import URL
from mmpose_al.command_line import command_line
from tests.test_active_learning.test_servers.studio import TOKEN, studio_server

pytest.importorskip('requests', reason='the extra label_studio is not installed')


@pytest.fixture
def studio(monkeypatch):
    with studio_server() as running:
        monkeypatch.setenv(TOKEN_VARIABLE, TOKEN + '\n')
        monkeypatch.setenv(URL, running[1])
        yield running


def test_a_push_says_what_is_new_and_what_comes_next(studio, experiment, capsys, monkeypatch):
    held, url = studio
    work, _ = experiment
    assert main(['push', work]) == 0
    said = capsys.readouterr().out
    assert 'round 1: 8 tasks and 8 images are new in the new project 3, 0 tasks were there' in said
    assert f'{url}/projects/3/data' in said and command_line('pull', work) in said
    monkeypatch.delenv(URL)  # the server of the push before
    assert main(['push', work]) == 0
    assert '0 tasks and 0 images are new in project 3, 8 tasks' in capsys.readouterr().out
    for task in held.tasks.values():
        task['data']['query'] = 'an other'
    assert main(['push', work, '--project', 'new', '--prefix', 'https://images.example/']) == 0
    assert '8 tasks and 0 images are new in the new project 4' in capsys.readouterr().out


def test_a_push_that_cannot_be(studio, experiment, capsys, monkeypatch, tmp_path):
    held, url = studio
    work, _ = experiment
    assert main(['push', work, '--url', url + '/projects']) == 1
    assert 'is no Label Studio server' in capsys.readouterr().err
    held.fails['import'] = 'hang'
    assert main(['push', work, '--timeout', '0.2']) == 1
    assert 'no answer within 0.2 s. Give more with --timeout' in capsys.readouterr().err
    monkeypatch.setenv(TOKEN_VARIABLE, 'secret')
    assert main(['push', work]) == 1
    said = capsys.readouterr().err
    assert 'refuses this account' in said and 'secret' not in said
    monkeypatch.delenv(TOKEN_VARIABLE)
    assert main(['push', work]) == 1
    assert f'no token: set {TOKEN_VARIABLE}' in capsys.readouterr().err
    asked = len(held.asked)
    assert main(['push', str(tmp_path / 'nothing')]) == 1
    assert 'no experiment' in capsys.readouterr().err and len(held.asked) == asked


def test_no_server(experiment, capsys, monkeypatch):
    monkeypatch.delenv(URL, raising=False)
    assert main(['push', experiment[0]]) == 1
    assert f'which server? Give --url, or set {URL}' in capsys.readouterr().err
