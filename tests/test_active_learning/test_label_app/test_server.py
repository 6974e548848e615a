"""Only this machine and only who knows the token; and then all of the annotator works."""

import json
import logging
import os
import re
import socket

import cv2
import numpy as np
import pytest

from mmpose_al.active_learning.label_app import server as server_module
from mmpose_al.active_learning.label_app.server import FILES, MAX_BODY, PAGE, refusal
from mmpose_al.active_learning.paths import Paths
from tests.test_active_learning.people import labelled, snapshot
from tests.test_active_learning.test_label_app.serving import api, request, serving
from tests.test_cli.people import asked_experiment


@pytest.fixture(scope='module')
def served(tmp_path_factory):
    """A server that is only attacked, and its experiment."""
    work, pixels = asked_experiment(tmp_path_factory.mktemp('served'))
    with serving(work) as server:
        yield server, work, pixels


JOIN = dict(name='Eve', tab='t')
ATTACKS = {
    'another host': dict(Host='evil.example'),
    'another host with our port': dict(Host='evil.example:{port}'),
    'a host that begins like ours': dict(Host='127.0.0.1.evil.example:{port}'),
    'another origin': dict(Origin='http://evil.example'),
    'another port of this machine': dict(Origin='http://127.0.0.1:1'),
    'an origin without a name': dict(Origin='null'),
    'https': dict(Origin='https://127.0.0.1:{port}'),
    'a script of another site': dict(Sec_Fetch_Site='cross-site'),
    'a script of another port': dict(Sec_Fetch_Site='same-site', Sec_Fetch_Dest='empty'),
    'a form': dict(Content_Type='text/plain'),
    'a form of a browser': dict(Content_Type='application/x-www-form-urlencoded'),
}


@pytest.mark.parametrize('attack', ATTACKS)
def test_what_another_page_could_send_is_refused(served, attack):
    server, work, _ = served
    before = snapshot(work)
    headers = {k: v.format(port=server.port) for k, v in ATTACKS[attack].items()}
    status, _, read = request(server, 'api/join', JOIN, **headers)
    assert status in (403, 415) and b'Eve' not in read, read
    assert 'Eve' not in server.session._tabs and snapshot(work) == before
    own = f'http://127.0.0.1:{server.port}'
    status, _, _ = request(server, 'api/join', JOIN, Origin=own, Sec_Fetch_Site='same-origin')
    assert status == 200
    del server.session._tabs['Eve']


@pytest.mark.parametrize(
    'path', ['//', '//wrong/', '//wrong/api/setup', '//api/setup', '//index.html']
)
def test_without_the_token_nothing_is_here(served, path):
    server = served[0]
    for body in (None, {}):
        status, _, read = request(server, path, body)
        assert status == 404 and read == b'not here'
    cut = server.token[:-1]
    assert request(server, f'//{cut}/')[0] == 404
    assert len(server.token) >= 24 and server.token not in ('', cut)


@pytest.mark.parametrize(
    'path',
    [
        'page/../server.py',
        'page/..%2fserver.py',
        'page/%2e%2e/%2e%2e/paths.py',
        'page//etc/passwd',
        'page/%2fetc%2fpasswd',
        'page/style.css%00.html',
        'images/../../pool.json',
        'images/1.5',
        'images/99999',
        'images/999999999999999999999999999999',
        'images/',
        '../',
        'query.json',
    ],
)
def test_paths_lead_nowhere(served, path):
    status, _, read = request(served[0], path)
    assert status in (403, 404, 405), (path, status)
    assert b'root:' not in read and b'import' not in read and b'annotations' not in read


@pytest.mark.parametrize('method', ['PUT', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE'])
def test_other_methods_are_refused(served, method):
    assert request(served[0], 'api/setup', method=method)[0] == 405


def test_a_gigabyte_is_refused_before_it_is_sent(served):
    server = served[0]
    status, _, _ = request(server, 'api/join', b'{}', Content_Length=str(2**30))
    assert status == 413
    try:
        status = request(server, 'api/join', b' ' * (MAX_BODY + 1))[0]
    except ConnectionError:  # it hung up while we were sending
        status = 413
    assert status == 413
    assert request(server, 'api/join', b' ' * MAX_BODY)[0] == 400  # not JSON


def test_a_gigabyte_in_pieces_of_unknown_number_is_cut_off(served):
    server = served[0]
    head = (
        f'POST /{server.token}/api/join HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n'
        'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n'
    )
    piece = b'10000\r\n' + b' ' * 2**16 + b'\r\n'
    sent = 0
    with socket.create_connection(('127.0.0.1', server.port), 20) as connection:
        connection.sendall(head.encode())
        try:
            while sent < 2**30:
                connection.sendall(piece)
                sent += 2**16
        except OSError:
            pass
    assert sent < 64 * MAX_BODY
    assert request(server, 'api/setup', {})[0] == 200  # it serves on


@pytest.mark.parametrize(
    'body',
    [b'', b'nonsense', b'[]', b'1', b'{"name": NaN}', b'[' * 100000, b'\xff\xfe', b'{"a":1e999}'],
)
def test_what_is_no_request_is_refused(served, body):
    status, _, read = request(served[0], 'api/join', body)
    assert status == 400 and json.loads(read)['kind'] == 'wrong'


def test_unknown_calls_and_wrong_fields_are_refused(served):
    server = served[0]
    for call in ('nothing', '__init__', 'run', 'change.x'):
        assert request(server, f'api/{call}', {})[0] == 404
    for body in (dict(name=[], tab={}), dict(name='A', tab='x' * 41), dict(name='A')):
        for call in ('join', 'overview', 'open', 'next', 'change', 'check', 'finish'):
            assert request(server, f'api/{call}', body)[0] == 400, (call, body)


def test_the_page_may_load_nothing_from_elsewhere(served):
    server = served[0]
    status, headers, read = request(server, '')
    assert status == 200 and headers['content-type'].startswith('text/html')
    policy = headers['content-security-policy']
    assert "default-src 'none'" in policy and "script-src 'self'" in policy
    assert 'unsafe' not in policy and headers['referrer-policy'] == 'no-referrer'
    assert headers['x-content-type-options'] == 'nosniff' and headers['cache-control'] == 'no-store'
    for name in FILES:
        status, headers, read = request(server, f'page/{name}')
        assert status == 200 and headers['content-type'] == FILES[name]
        assert read == open(f'{PAGE}/{name}', 'rb').read()
        found = re.findall(r'https?:|//cdn|eval\(|innerHTML|insertAdjacent', read.decode())
        assert not found, (name, found)


def test_every_file_of_the_page_is_served():
    import os

    assert set(os.listdir(PAGE)) == set(FILES)


def test_it_listens_on_this_machine_only(served):
    assert served[0]._socket.getsockname()[0] == '127.0.0.1'
    with pytest.raises(OSError, match='give another --port'), serving(
        served[1], port=served[0].port
    ):
        pass


def test_log_files_of_the_process_stay_open(experiment, tmp_path):
    handler = logging.FileHandler(tmp_path / 'train.log')
    try:
        with serving(experiment[0]):
            assert handler.stream is not None
    finally:
        handler.close()


def test_hosts_of_a_tunnel_are_let_in():
    for host in ('127.0.0.1:9000', 'localhost:8642', 'localhost', '[::1]:80'):
        assert refusal('POST', dict(host=[host], origin=[f'http://{host}'])) is None
    for host in ('localhost.evil.example', '10.0.0.1', '[::2]:80', '', 'localhost@evil'):
        assert refusal('GET', dict(host=[host]))[0] == 403
    assert refusal('GET', {})[0] == 403 and refusal('GET', dict(host=['localhost'] * 2))[0] == 403
    assert refusal('GET', dict(host=['localhost'], origin=['http://localhost:1']))[0] == 403
    link = {'host': ['localhost'], 'sec-fetch-site': ['cross-site'], 'sec-fetch-dest': ['document']}
    assert refusal('GET', link) is None and refusal('POST', link)[0] == 403
    for length in ('-1', 'x', str(MAX_BODY + 1)):
        assert refusal('POST', {'host': ['localhost'], 'content-length': [length]})[0] == 413


def test_images_are_those_of_the_query_to_the_byte(served):
    server = served[0]
    status, headers, read = request(server, 'images/81')
    assert status == 200 and headers['content-type'] == 'image/png'
    assert (cv2.imdecode(np.frombuffer(read, 'u1'), 0) == 9).all()
    assert request(server, 'images/1')[0] == 200  # also of frame 0


def test_an_image_that_is_gone_is_said(tmp_path):
    work, _ = asked_experiment(tmp_path)
    with serving(work) as server:
        api(server, 'join')
        file = api(server, 'open', unit=20)['persons'][0]['views'][1]['file']
        for folder, _, names in os.walk(str(tmp_path)):
            for name in names:
                if name.endswith((os.path.basename(file), '_81.png')):
                    os.remove(os.path.join(folder, name))
        status, _, read = request(server, 'images/81')
        assert (status, read) == (404, b'the file is not there')


def test_a_round_from_the_first_click_to_the_labels(tmp_path):
    work, pixels = asked_experiment(tmp_path)
    with serving(work) as server:
        api(server, 'join')
        unit = api(server, 'next')['unit']
        revision = api(server, 'open', unit=unit)['revision']
        for number in (80, 82):
            cells = [[number, k, *map(float, pixels[number][k]), 2] for k in range(5)]
            more = dict(op='set', unit=unit, cells=cells, how='click', revision=revision)
            shown = api(server, 'change', **more)
            revision = shown['revision']
        joints = shown['persons'][0]['views'][1]['joints']
        cells = [[81, k, *joint[:2], 2] for k, joint in enumerate(joints)]  # proposals
        more = dict(op='set', unit=unit, cells=cells, how='accept_all', revision=revision)
        revision = api(server, 'change', **more)['revision']
        api(server, 'change', op='done', unit=unit, revision=revision, seconds=9)
        check = api(server, 'check')
        assert check['joints'] == 15 and not check['written']
        assert {warning['unit'] for warning in check['warnings']} <= {20}
        assert 'disagrees' not in {warning['kind'] for warning in check['warnings']}
        assert not (tmp_path / 'work' / 'labels.json').exists()
        handed = api(server, 'finish')
        assert handed['written'] and handed['units'] == [20] and handed['open'] == [0]
        assert server.handed.taken.joints == 15
    labels, _ = labelled(Paths(work).labels)
    assert sorted(labels) == [80, 81, 82]
    for number in (80, 82):
        np.testing.assert_array_equal(labels[number][:, :2], pixels[number])
    np.testing.assert_allclose(labels[81][:, :2], pixels[81], atol=0.05)  # by the other two


def test_with_train_it_ends_when_labels_are_handed_over(tmp_path):
    work, pixels = asked_experiment(tmp_path)
    with serving(work) as server:
        server.leave_when_handed = True
        assert api(server, 'setup')['goes_on'] is True
        api(server, 'join')
        assert api(server, 'finish')['joints'] == 0 and not server._server.should_exit
        cells = [[80, 0, *map(float, pixels[80][0]), 2]]
        api(server, 'change', op='set', unit=20, cells=cells, how='click', revision=0)
        api(server, 'change', op='done', unit=20, revision=1)
        api(server, 'finish')
        import time

        for _ in range(100):
            if server._server.should_exit:
                break
            time.sleep(0.05)
        assert server._server.should_exit


def test_refusals_have_their_status(tmp_path):
    work, _ = asked_experiment(tmp_path)
    with serving(work) as server:
        api(server, 'join')
        status, _, read = request(server, 'api/join', dict(name='Anna', tab='other'))
        assert status == 409 and json.loads(read)['kind'] == 'tab'
        body = dict(name='Anna', tab='tab-a', op='done', unit=20, revision=7)
        status, _, read = request(server, 'api/change', body)
        assert status == 409 and json.loads(read)['kind'] == 'stale'


def test_a_disk_that_is_full_is_told(tmp_path, monkeypatch):
    work, _ = asked_experiment(tmp_path)
    with serving(work) as server:
        api(server, 'join')

        def full(*values):
            raise OSError(28, 'No space left on device')

        monkeypatch.setattr(server.session.journal, 'append', full)
        body = dict(name='Anna', tab='tab-a', op='done', unit=20, revision=0)
        status, _, read = request(server, 'api/change', body)
        answer = json.loads(read)
        assert status == 500 and answer['kind'] == 'disk' and 'No space left' in answer['error']


def test_without_the_extra_it_is_named(experiment, monkeypatch):
    import builtins

    real = builtins.__import__

    def without(name, *values, **options):
        if name == 'uvicorn':
            raise ImportError("No module named 'uvicorn'", name='uvicorn')
        return real(name, *values, **options)

    monkeypatch.setattr(builtins, '__import__', without)
    with pytest.raises(ImportError, match=r'uvicorn is not installed.*mmpose_al\[label\]'):
        server_module.LabelServer(None)


def test_a_damaged_file_of_the_experiment_is_told_to_the_page(experiment):
    work, pixels = experiment
    with serving(work) as server:
        api(server, 'join')
        x, y = pixels[80][0].tolist()
        cells = [[80, 0, x, y, 2]]
        api(server, 'change', op='set', how='click', cells=cells, unit=20, revision=0)
        api(server, 'change', op='done', unit=20, revision=1)
        answers = Paths(work).answers(1)
        os.makedirs(os.path.dirname(answers))
        with open(answers, 'w') as file:
            file.write('{}')
        said = dict(name='Anna', tab='tab-a')
        status, _, read = request(server, 'api/finish', said)
        assert status == 400 and 'holds no answers of mmpose_al' in json.loads(read)['error']
        os.remove(answers)
        assert api(server, 'finish')['written']
