"""A small server that answers as CVAT 2.80 does, as far as it is asked.

What it takes and gives is from CVAT's schema and its server's code; no CVAT has been at hand.
"""

import cv2
import numpy as np

from tests.test_active_learning.people import HEIGHT, WIDTH
from tests.test_active_learning.test_servers.http_server import Held, serving

TOKEN = 'a1B2c3D4.e5F6g7H8i9'
OLD_TOKEN = '0123456789abcdef0123456789abcdef01234567'
WHEN = '2026-11-29T10:00:00Z'


class Cvat(Held):
    """What the server holds.

    Attributes:
        projects, tasks (dict): By id.
        polls (dict): Request -> how often it is asked for until it is finished.
        broken (str, optional): Why images cannot be used.
    """

    free = ('/api/server/about',)

    def __init__(self):
        super().__init__()
        self.projects, self.tasks, self.polls = {}, {}, {}
        self.broken, self.number = None, 10

    def known(self, authorization):
        return authorization in (f'Bearer {TOKEN}', f'Token {OLD_TOKEN}')

    def next(self):
        self.number += 1
        return self.number

    # ---- what a person does in the browser -------------------------------------------

    def where(self, annotation):
        """The newest task that has the skeleton with this id in its attribute, and that."""
        for task in reversed(list(self.tasks.values())):
            for shape in task['shapes']:
                if str(annotation) in [each['value'] for each in shape['attributes']]:
                    return task, shape
        raise KeyError(annotation)

    def move(self, annotation, pixels, state='in progress', hidden=(), by=None):
        """Somebody drags each joint to its place (K, 2) in the pool's pixels."""
        _, shape = self.where(annotation)
        for place, (element, (x, y)) in enumerate(zip(shape['elements'], pixels.tolist())):
            element['outside'] = not (0 <= x <= WIDTH - 1 and 0 <= y <= HEIGHT - 1)
            element['points'] = [x + 0.5, y + 0.5]
            element['occluded'] = place in hidden
        self.work(annotation, state, by)

    def work(self, annotation, state, by=None):
        """The job with this person is saved in a state."""
        task, shape = self.where(annotation)
        for job in task['jobs']:
            if job['start_frame'] <= shape['frame'] <= job['stop_frame']:
                job['state'] = state
                if by is not None:
                    job['assignee'] = dict(id=7, username=by, url='')

    # ---- account -----------------------------------------------------------------------

    def about(self, query, body):
        return 200, dict(
            name='Computer Vision Annotation Tool',
            description='CVAT',
            version='2.80.0',
            logo_url='',
            subtitle='',
        )

    def myself(self, query, body):
        return 200, dict(id=1, username='anna', groups=[], url='')

    # ---- projects --------------------------------------------------------------------

    def list_projects(self, query, body):
        return 200, page([shown_project(p, self.tasks) for p in self.projects.values()], query)

    def create_project(self, query, body):
        assert set(body) <= {'name', 'labels'} and 1 <= len(body['name']) <= 256
        number = self.next()
        self.projects[number] = dict(id=number, name=body['name'], labels=[])
        self.add_labels(number, body.get('labels', ()))
        return 201, shown_project(self.projects[number], self.tasks)

    def project(self, number, query, body):
        if number not in self.projects:
            return 404, dict(detail='Not found.')
        body = dict(body or {})
        assert set(body) <= {'name', 'labels'}
        self.add_labels(number, body.pop('labels', ()))
        self.projects[number].update(body)
        return 200, shown_project(self.projects[number], self.tasks)

    def add_labels(self, project, labels):
        for given in labels:
            assert given['type'] == 'skeleton' and len(given['name']) <= 64
            names = [sub['name'] for sub in given['sublabels']]
            for name in names:  # the server puts the ids of its sublabels there
                assert given['svg'].count(f'data-label-name="{name}"') == 1
            assert given['svg'].count('data-type="element node"') == len(names)
            self.projects[project]['labels'].append(
                dict(
                    id=self.next(),
                    name=given['name'],
                    type='skeleton',
                    color='#33ddff',
                    svg=given['svg'],
                    project_id=project,
                    has_parent=False,
                    attributes=[dict(each, id=self.next()) for each in given['attributes']],
                    sublabels=[
                        dict(
                            id=self.next(),
                            name=sub['name'],
                            type=sub['type'],
                            color='#fa3253',
                            has_parent=True,
                            attributes=[],
                        )
                        for sub in given['sublabels']
                    ],
                )
            )

    def labels(self, query, body):
        return 200, page(self.projects[int(query['project_id'])]['labels'], query)

    # ---- tasks and images --------------------------------------------------------------

    def list_tasks(self, query, body):
        project = int(query['project_id'])
        mine = [shown_task(t) for t in self.tasks.values() if t['project_id'] == project]
        return 200, page(mine, query)

    def create_task(self, query, body):
        assert set(body) <= {'name', 'project_id', 'segment_size', 'overlap'}
        assert body['project_id'] in self.projects and 1 <= len(body['name']) <= 256
        number = self.next()
        empty = dict(files={}, started=False, frames=None, shapes=[], tracks=[], jobs=[], gone=[])
        self.tasks[number] = dict(body, id=number, **empty)
        return 201, shown_task(self.tasks[number])

    def change_task(self, number, query, body):
        assert set(body) == {'name'}
        self.tasks[number].update(body)
        return 200, shown_task(self.tasks[number])

    def remove_task(self, number, query, body):
        del self.tasks[number]
        return 204, None

    def upload(self, number, query, body):
        task = self.tasks[number]
        if task['frames'] is not None:
            return 400, 'Adding more data is not supported'
        if 'Upload-Start' in self.headers:
            task['started'] = True
            return 202, None
        if 'Upload-Multiple' in self.headers:
            assert task['started']
            fields = [name for name, file, _ in body if file is None]
            assert fields == ['image_quality']
            files = [(name, file, content) for name, file, content in body if file is not None]
            assert [f'client_files[{i}]' for i in range(len(files))] == [
                name for name, _, _ in files
            ]
            task['files'].update({file: content for _, file, content in files})
            return 200, None
        assert 1 <= body['image_quality'] <= 100
        if 'Upload-Finish' in self.headers:
            assert task['started'] and set(body) == {'image_quality'}
            sizes = {}
            for name, content in task['files'].items():
                image = cv2.imdecode(np.frombuffer(content, 'u1'), cv2.IMREAD_GRAYSCALE)
                sizes[name] = image.shape[::-1]
        else:
            assert body['use_cache'] and body['sorting_method'] == 'predefined'
            sizes = dict.fromkeys(body['server_files'], (WIDTH, HEIGHT))
        number = f'action=create&target=task&id={number}'
        self.polls[number] = 2
        if self.broken is None:
            self.show(task, sizes)
        return 202, dict(rq_id=number)

    def show(self, task, sizes):
        """A task has images of these sizes."""
        task['frames'] = [
            dict(name=name, width=int(w), height=int(h), related_files=0)
            for name, (w, h) in sorted(sizes.items())
        ]
        count = len(sizes)
        step = task.get('segment_size') or count
        for start in range(0, count, step):
            task['jobs'].append(
                dict(
                    id=self.next(),
                    task_id=task['id'],
                    type='annotation',
                    state='new',
                    stage='annotation',
                    assignee=None,
                    start_frame=start,
                    stop_frame=min(start + step, count) - 1,
                    frame_count=min(step, count - start),
                    labels=dict(url=''),
                    issues=dict(url='', count=0),
                )
            )

    def request(self, number, query, body):
        self.polls[number] -= 1
        status = 'started' if self.polls[number] > 0 else 'failed' if self.broken else 'finished'
        return 200, dict(
            id=number,
            status=status,
            message=self.broken or '',
            created_date=WHEN,
            operation=dict(type='create:task', target='task'),
        )

    def meta(self, number, query, body):
        task = self.tasks[number]
        return 200, dict(
            frames=task['frames'] or [],
            deleted_frames=task['gone'],
            chunks_updated_date=WHEN,
            size=len(task['frames'] or ()),
            image_quality=100,
            start_frame=0,
            stop_frame=len(task['frames'] or ()) - 1,
        )

    def jobs(self, query, body):
        return 200, page(self.tasks[int(query['task_id'])]['jobs'], query)

    # ---- annotations -------------------------------------------------------------------

    def annotations(self, number, query, body):
        task = self.tasks[number]
        return 200, dict(version=0, tags=[], shapes=task['shapes'], tracks=task['tracks'])

    def add_shapes(self, number, query, body):
        task = self.tasks[number]
        assert query == dict(action='create') and set(body) == {
            'version',
            'tags',
            'shapes',
            'tracks',
        }
        labels = {each['id']: each for each in self.projects[task['project_id']]['labels']}
        for shape in body['shapes']:
            label = labels[shape['label_id']]
            assert shape['type'] == 'skeleton' and shape['points'] == []
            assert 0 <= shape['frame'] < len(task['frames'])
            known = {each['id'] for each in label['attributes']}
            assert all(
                each['spec_id'] in known and isinstance(each['value'], str)
                for each in shape['attributes']
            )
            ids = [element['label_id'] for element in shape['elements']]
            assert sorted(ids) == sorted(sub['id'] for sub in label['sublabels'])
            for element in shape['elements']:
                assert element['type'] == 'points' and len(element['points']) == 2
                assert element['frame'] == shape['frame'] and 'elements' not in element
            made = dict(shape, id=self.next(), score=1.0)
            made['elements'] = [dict(e, id=self.next(), score=1.0) for e in shape['elements']]
            task['shapes'].append(made)
        return 200, dict(body)


Cvat.routes = [
    ('GET /api/server/about', 'about'),
    ('GET /api/users/self', 'myself'),
    ('GET /api/projects', 'list_projects'),
    ('POST /api/projects', 'create_project'),
    ('(?:GET|PATCH) /api/projects/([0-9]+)', 'project'),
    ('GET /api/labels', 'labels'),
    ('GET /api/tasks', 'list_tasks'),
    ('POST /api/tasks', 'create_task'),
    ('PATCH /api/tasks/([0-9]+)', 'change_task'),
    ('DELETE /api/tasks/([0-9]+)', 'remove_task'),
    ('POST /api/tasks/([0-9]+)/data/', 'upload'),
    ('GET /api/tasks/([0-9]+)/data/meta', 'meta'),
    ('GET /api/tasks/([0-9]+)/annotations/', 'annotations'),
    ('PATCH /api/tasks/([0-9]+)/annotations/', 'add_shapes'),
    ('GET /api/jobs', 'jobs'),
    ('GET /api/requests/(.+)', 'request'),
]


def shown_project(project, tasks):
    mine = [task for task in tasks.values() if task['project_id'] == project['id']]
    return dict(
        id=project['id'],
        name=project['name'],
        organization=None,
        tasks=dict(count=len(mine), url=''),
        labels=dict(url=''),
    )


def shown_task(task):
    return dict(
        id=task['id'],
        name=task['name'],
        project_id=task['project_id'],
        organization=None,
        size=len(task['frames'] or ()),
        jobs=dict(count=len(task['jobs']), completed=0, validation=0, url=''),
        labels=dict(url=''),
    )


def page(entries, query):
    """A page of a list."""
    number, size = int(query.get('page', 1)), int(query.get('page_size', 10))
    shown = entries[(number - 1) * size : number * size]
    assert shown or number == 1
    more = 'http://elsewhere' if number * size < len(entries) else None
    return dict(count=len(entries), next=more, previous=None, results=shown)


def cvat_server():
    """A running server: its :class:`Cvat`, and its address."""
    return serving(Cvat())
