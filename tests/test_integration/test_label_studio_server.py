"""Two people on a real Label Studio server: tokens of both kinds, whose answer counts.

It starts a server of its own, and is skipped where there is none to start. In an environment
beside this one, for Label Studio does not go with ours:

    python -m venv /tmp/ls && /tmp/ls/bin/pip install label-studio
    LABEL_STUDIO=/tmp/ls/bin/label-studio pytest tests/test_integration/test_label_studio_server.py
"""

import os
import re
import shutil
import socket
import subprocess
import time

import numpy as np
import pytest

requests = pytest.importorskip('requests', reason='the extra label_studio is not installed')
COMMAND = os.environ.get('LABEL_STUDIO') or shutil.which('label-studio')
if COMMAND is None:
    pytest.skip('there is no label-studio to start (LABEL_STUDIO)', allow_module_level=True)

from mmpose_al.active_learning.answers import load_answers
from mmpose_al.active_learning.formats import AnswerError
from mmpose_al.active_learning.paths import Paths
from mmpose_al.active_learning.query import load_query
from mmpose_al.active_learning.report.experiment import ReportedExperiment
from mmpose_al.active_learning.report.people import agreement, asked_of, told_apart
from mmpose_al.active_learning.servers import LabelStudioServer, ServerError, pull, push
from tests.test_active_learning.people import ROUND, inside, labelled
from tests.test_active_learning.test_servers.test_exchange import joints
from tests.test_cli.people import asked_experiment

ANNA, BEN = 'anna@example.org', 'ben@example.org'
PASSWORD = 'for a test, 1'
STARTS = 300  # seconds that a server may take to start


class Somebody:
    """An account, with tokens of both kinds."""

    def __init__(self, url, email, invitation=None):
        self.url, self.email, self.session = url, email, requests.Session()
        path = '/user/login/' if invitation is None else f'/user/signup/?token={invitation}'
        page = self.session.get(url + path).text
        key = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page).group(1)
        form = dict(csrfmiddlewaretoken=key, email=email, password=PASSWORD)
        self.session.post(url + path, data=form, headers=dict(Referer=url + path))
        self.session.headers.update(
            {'X-CSRFToken': self.session.cookies['csrftoken'], 'Referer': url}
        )
        assert self.get('/api/current-user/whoami')['email'] == email
        self.tokens = []

    def get(self, path):
        return self.session.get(self.url + path).json()

    def post(self, path, **content):
        answer = self.session.post(self.url + path, json=content)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def submit(self, project, annotation, points):
        """Label a person of a query, and submit it."""
        tasks = self.get(f'/api/tasks?project={project}&page_size=100&fields=all')['tasks']
        (task,) = [t['id'] for t in tasks if t['data']['annotation_id'] == annotation]
        self.post(f'/api/tasks/{task}/annotations/', result=joints(points), lead_time=8.5)


@pytest.fixture(scope='module')
def people(tmp_path_factory):
    """Anna, who may change settings, and Ben, on a server that has just started."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    folder, url = str(tmp_path_factory.mktemp('studio')), f'http://127.0.0.1:{port}'
    command = [COMMAND, 'start', '--no-browser', '--port', str(port), '--data-dir', folder]
    command += ['--username', ANNA, '--password', PASSWORD]
    settings = dict(os.environ, COLLECT_ANALYTICS='false', LATEST_VERSION_CHECK='false')
    settings.pop('PYTHONPATH', None)
    with open(f'{folder}/log', 'w') as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=settings)
    try:
        for _ in range(STARTS):
            try:
                if requests.get(url + '/api/version', timeout=5).ok:
                    break
            except requests.RequestException:
                time.sleep(1)
        anna = Somebody(url, ANNA)
        anna.post('/api/jwt/settings', api_tokens_enabled=True, legacy_api_tokens_enabled=True)
        ben = Somebody(url, BEN, anna.get('/api/invite')['token'])
        for each in (anna, ben):
            each.tokens.append(each.get('/api/current-user/token')['token'])
            each.tokens.append(each.post('/api/token/')['token'])  # personal; there is only one
        yield anna, ben
    finally:
        server.terminate()
        server.wait(60)


def test_tokens_of_both_kinds(people):
    anna, ben = people
    for somebody in people:
        for token in somebody.tokens:
            server = LabelStudioServer(anna.url, token)
            assert server.account['email'] == somebody.email
            list(server.projects())
    server.connection.authorization = 'Bearer a.token.whichisnomore'
    assert list(server.projects()) == [] and server.account['email'] == BEN
    assert server.connection.authorization.count('.') == 2
    with pytest.raises(ServerError, match='refuses this account'):
        LabelStudioServer(anna.url, '0' * 40)


def test_two_people_about_one_person(people, tmp_path):
    anna, ben = people
    work, pixels = asked_experiment(tmp_path)
    server = LabelStudioServer(anna.url, anna.tokens[1])
    project = push(work, server).project
    first = next(k for k in range(5) if inside(pixels[80])[k])
    moved = pixels[80] + [1.25, -0.75]  # Ben clicks for himself, and one joint elsewhere
    moved[first] += [40, 0] if moved[first, 0] < 300 else [-40, 0]
    anna.submit(project, 80, pixels[80])
    done = pull(work, server)
    assert done.annotations == [80] and {w.kind for w in done.warnings} <= {'outside', 'limb'}
    ben.submit(project, 80, moved)
    anna.submit(project, 81, pixels[81])
    ben.submit(project, 82, pixels[82])

    done = pull(work, server)  # the latest
    assert done.annotations == [80, 81, 82]
    kinds = sorted(warning.kind for warning in done.warnings if warning.annotations == [80])
    assert 'annotators' in kinds and 'replaced' in kinds
    told = {warning.kind: warning.text for warning in done.warnings}
    assert f'{ANNA}, {BEN} differ in 1 of 5 joints' in told['annotators']
    assert f'{BEN} replaces the answer of {ANNA}' in told['replaced']
    near(work, 80, moved)
    entries = load_answers(work, ROUND)['events'][-1]
    assert {e['id']: (e['by'], e['seconds']) for e in entries['annotations']} == {
        80: (BEN, 8.5),
        81: (ANNA, 8.5),
        82: (BEN, 8.5),
    }
    assert [entry['by'] for entry in entries['several']] == [ANNA, BEN]

    # A server that Ben asks shows the same; the rules say whose counts.
    theirs = LabelStudioServer(anna.url, ben.tokens[0])
    done = pull(work, theirs, annotator=ANNA)
    assert done.annotations == [80, 81]
    near(work, 80, pixels[80])
    done = pull(work, theirs, several='mean')
    near(work, 80, (pixels[80] + moved) / 2)
    assert any(warning.kind == 'annotators' for warning in done.warnings)
    with pytest.raises(AnswerError, match=f'those of {ANNA}, {BEN} are'):
        pull(work, theirs, annotator='Carl')

    told = [o for each in asked_of(ReportedExperiment(work)) for o in told_apart(each).own]
    (pair,) = agreement(told).values()
    assert pair.persons == 1 and 0 < pair.joints.far < 1


def near(work, number, points):
    """The label of a person is there, to the digits that Label Studio keeps."""
    label = labelled(Paths(work).labels)[0][number]
    seen = label[:, 2] > 0
    assert seen.any() and load_query(work, ROUND) is not None
    np.testing.assert_allclose(label[seen, :2], points[seen], atol=0.01)
