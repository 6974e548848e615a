"""A server of an experiment, and plain requests to it."""

import http.client
import json
import threading
from contextlib import contextmanager

import pytest

pytest.importorskip('starlette', reason='the extra label is not installed')
pytest.importorskip('uvicorn', reason='the extra label is not installed')

from mmpose_al.active_learning.label_app.server import LabelServer
from mmpose_al.active_learning.label_app.session import Session


@contextmanager
def serving(folder, session=None, **options):
    """A server in a thread of this process, until the block ends."""
    server = LabelServer(Session(folder) if session is None else session, **options)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(20)
        assert not thread.is_alive()


def request(server, path, body=None, method=None, **headers):
    """Status, headers and content of a request; ``path`` is behind the token, or with '//'."""
    connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=20)
    target = path[1:] if path.startswith('//') else f'/{server.token}/{path}'
    content = None if body is None else body if isinstance(body, bytes) else json.dumps(body)
    given = {'Content-Type': 'application/json'} if content is not None else {}
    given.update({name.replace('_', '-'): value for name, value in headers.items()})
    given = {name: value for name, value in given.items() if value is not None}
    connection.request(method or ('GET' if body is None else 'POST'), target, content, given)
    answer = connection.getresponse()
    read = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), read


def api(server, call, name='Anna', tab='tab-a', **content):
    """What a call of the page answers; an error is an assertion."""
    status, _, read = request(server, f'api/{call}', dict(content, name=name, tab=tab))
    assert status == 200, read
    return json.loads(read)
