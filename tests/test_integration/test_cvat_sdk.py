"""CVAT's own package reads the server of our tests, and takes what we ask of it.

So the server of the tests answers as CVAT's schema says. cvat-sdk needs Python 3.11; where it is
not installed this is skipped: `pip install cvat-sdk`, in an environment beside this one, and put
that on PYTHONPATH.
"""

import pytest

pytest.importorskip('requests', reason='the extra cvat is not installed')
cvat_sdk = pytest.importorskip('cvat_sdk', reason='the package cvat-sdk is not installed')

from cvat_sdk.api_client import Configuration, models

from mmpose_al.active_learning.query import load_query
from mmpose_al.active_learning.servers import CvatServer, Handing, push
from mmpose_al.active_learning.servers import cvat as cvat_module
from tests.test_active_learning.people import NAMES, ROUND
from tests.test_active_learning.test_servers.cvat_server import TOKEN, cvat_server
from tests.test_cli.people import asked_experiment

BODIES = {
    'POST /api/projects': models.ProjectWriteRequest,
    'POST /api/tasks': models.TaskWriteRequest,
    'PATCH /api/tasks/{}': models.PatchedTaskWriteRequest,
    'PATCH /api/tasks/{}/annotations/': models.PatchedLabeledDataRequest,
    'POST /api/tasks/{}/data/': models.DataRequest,
}


def test_what_we_ask_is_of_the_schema_and_what_we_read_is_too(tmp_path, monkeypatch):
    monkeypatch.setattr(cvat_module, 'WAIT', (0.0, 0.0))
    work, pixels = asked_experiment(tmp_path)
    asked = []
    with cvat_server() as (held, url):
        plain = type(held).__call__

        def noted(self, method, path, query, body):
            asked.append((method, path, body))
            return plain(self, method, path, query, body)

        monkeypatch.setattr(type(held), '__call__', noted)
        done = push(work, CvatServer(url, TOKEN), None, Handing(job_size=4))
        held.move(80, pixels[80], by='anna')
        sent = list(asked)
        with cvat_sdk.make_client(url, access_token=TOKEN) as client:
            (project,) = client.projects.list()
            assert project.id == done.project
            (label,) = project.get_labels()
            assert [sub.name for sub in label.sublabels] == NAMES
            (task,) = project.get_tasks()
            assert task.name.endswith(load_query(work, ROUND).id) and task.size == 8
            assert [frame.width for frame in task.get_frames_info()] == [640] * 8
            jobs = task.get_jobs()
            assert [(job.start_frame, job.stop_frame) for job in jobs] == [(0, 3), (4, 7)]
            assert jobs[0].assignee.username == 'anna' and str(jobs[0].state) == 'in progress'
            shapes = task.get_annotations().shapes
            assert len(shapes) == 8 and {len(shape.elements) for shape in shapes} == {5}
    checked = set()
    for method, path, body in sent:
        name = '/'.join('{}' if part.isdigit() else part for part in path.split('/'))
        model = BODIES.get(f'{method} {name}')
        if model is not None and isinstance(body, dict):
            assert set(body) <= set(model.attribute_map.values())
            model._from_openapi_data(**body, _configuration=Configuration())
            checked.add(f'{method} {name}')
    assert checked == set(BODIES)
