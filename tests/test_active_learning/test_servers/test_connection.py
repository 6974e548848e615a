"""Requests to a server: what goes wrong is told in a line that says what to do."""

import socket

import pytest

from mmpose_al.active_learning.servers.connection import Connection, ServerError, checked_url
from tests.test_active_learning.test_servers.studio import TOKEN


def connection(url, **options):
    return Connection(url, f'Token {TOKEN}', **options)


def test_json_and_content(studio):
    held, url = studio
    there = connection(url + '/')
    assert there.url == url
    assert there.json('GET', '/api/current-user/whoami')['id'] == 1
    assert there.content('GET', '/api/current-user/whoami').startswith(b'{"id": 1')
    there.json('POST', '/api/projects', json=dict(title='mice'))
    held.tasks[5] = dict(id=5)
    assert there.json('DELETE', '/api/tasks/5') is None and held.tasks == {}


@pytest.mark.parametrize(
    'fault, told',
    [
        (302, "redirected to 'https://elsewhere.example/'. Give the address"),
        (403, "refuses this account (status 403: 'as the test wants it')"),
        (400, "GET failed with status 400: 'as the test wants it'"),
        (502, 'failed with status 502'),
        ('html', "the answer is not JSON, but '<html>'"),
        ('drop', 'no server answers'),
        ('hang', 'no answer within 0.3 s. Give more with --timeout'),
    ],
)
def test_what_goes_wrong_is_told(studio, fault, told):
    held, url = studio
    held.fails['whoami'] = fault
    with pytest.raises(ServerError) as error:
        connection(url, timeout=0.3).json('GET', '/api/current-user/whoami')
    assert told in str(error.value) and url in str(error.value)
    assert TOKEN not in str(error.value) and '\n' not in str(error.value)
    assert error.value.status == (fault if isinstance(fault, int) else None)


def test_a_server_that_is_down_is_told():
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        url = f'http://127.0.0.1:{free.getsockname()[1]}'
    with pytest.raises(ServerError, match=r'no server answers.*Connection refused.*Start it'):
        connection(url).json('GET', '/')


def test_the_account_is_not_that_of_a_netrc(studio, tmp_path, monkeypatch):
    netrc = tmp_path / 'netrc'
    netrc.write_text('machine 127.0.0.1 login somebody password else\n')
    netrc.chmod(0o600)
    monkeypatch.setenv('NETRC', str(netrc))
    assert connection(studio[1]).json('GET', '/api/current-user/whoami')['id'] == 1


@pytest.mark.parametrize(
    'url', ['', '127.0.0.1:8080', 'ftp://a', 'http://', 'http://a:b', 'http://a/?b=c', 'http://[a']
)
def test_an_address_that_is_none(url):
    with pytest.raises(ServerError, match='no address of a server'):
        checked_url(url)


def test_an_address_without_a_password():
    assert checked_url('https://lab.example/studio/') == 'https://lab.example/studio'
    with pytest.raises(ServerError, match='leave them out') as error:
        checked_url('https://anna:secret@lab.example')
    assert 'secret' not in str(error.value)
