"""``mmpose-al push``: what it says, and what it says where it cannot."""

import pytest

from mmpose_al.active_learning.servers import cvat as cvat_module
from mmpose_al.active_learning.servers.tools import TOOLS
from mmpose_al.cli.main import main
from mmpose_al.command_line import command_line
from tests.test_active_learning.test_servers.cvat_server import TOKEN as CVAT_TOKEN
from tests.test_active_learning.test_servers.cvat_server import cvat_server
from tests.test_active_learning.test_servers.studio import TOKEN, studio_server

pytest.importorskip('requests', reason='the extra label_studio is not installed')
URL, TOKEN_VARIABLE = TOOLS['label_studio'].url, TOOLS['label_studio'].token


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


def test_the_tool_is_the_one_that_is_said(experiment, capsys, monkeypatch):
    work, pixels = experiment
    for tool in TOOLS.values():
        for variable in (tool.url, tool.token):
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(cvat_module, 'WAIT', (0.0, 0.0))
    with cvat_server() as (held, url):
        monkeypatch.setenv(TOOLS['cvat'].token, CVAT_TOKEN)
        assert main(['push', work]) == 1
        assert 'set CVAT_URL, such as' in capsys.readouterr().err
        assert main(['push', work, '--url', url, '--job-size', '4']) == 0
        said = capsys.readouterr().out
        assert 'round 1: 1 tasks and 8 images are new in the new project' in said
        assert f'{url}/projects/' in said
        held.move(80, pixels[80])
        assert main(['pull', work]) == 0
        assert 'accepted (cvat)' in capsys.readouterr().out
        monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)  # that of the push before is meant
        assert main(['push', work]) == 0
        monkeypatch.delenv(TOOLS['cvat'].token)
        assert main(['push', work]) == 1
        assert 'which server? Give --url, or set LABEL_STUDIO_URL' in capsys.readouterr().err
        assert main(['pull', work, '--tool', 'cvat']) == 1
        assert 'no token: set CVAT_ACCESS_TOKEN' in capsys.readouterr().err


def test_jobs_are_cvats(studio, experiment, capsys):
    assert main(['push', experiment[0], '--job-size', '4']) == 1
    assert 'Label Studio has no jobs' in capsys.readouterr().err
