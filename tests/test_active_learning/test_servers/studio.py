"""A small server that answers as Label Studio 1.23 does, as far as it is asked."""

from tests.test_active_learning.test_servers.http_server import Held, serving

TOKEN = '0123456789abcdef0123456789abcdef01234567'
PERSONAL = 'eyJhbGciOiJIUzI1NiJ9.eyJ0b2tlbiI6InJlZnJlc2gifQ.c2lnbmF0dXJl'
EMAIL = 'anna@example.org'
OWN = 1  # of the token's account; others see their own drafts alone


class Studio(Held):
    """What the server holds.

    Attributes:
        access (set): Tokens of some minutes that are valid.
    """

    free = ('/api/version', '/api/token/refresh')

    def __init__(self):
        super().__init__()
        self.projects, self.files, self.tasks = {}, [], {}
        self.access = set()

    # ---- what a person does in the browser -------------------------------------------

    def answer(self, annotation, result, by=1, **more):
        """Somebody submits something about a person of a query."""
        for task in self.tasks.values():
            if task['data']['annotation_id'] == annotation:
                number = len(task['annotations']) + 1
                submitted = dict(id=number, completed_by=by, was_cancelled=False, lead_time=7.5)
                task['annotations'].append(dict(submitted, result=result, **more))

    # ---- requests --------------------------------------------------------------------

    def version(self, query, body):
        return 200, {'release': '1.23.2', 'label-studio-os-package': dict(version='1.23.2')}

    def refresh(self, query, body):
        if body != dict(refresh=PERSONAL):
            return 401, dict(detail='Token is invalid')
        self.access = {f'access-{len(self.asked)}'}
        return 200, dict(access=next(iter(self.access)))

    def whoami(self, query, body):
        return 200, dict(id=1, email=EMAIL)

    def users(self, query, body):
        return 200, [dict(id=1, email=EMAIL), dict(id=2, email='')]

    def list_projects(self, query, body):
        return 200, page(list(self.projects.values()), query, 'results', next=True)

    def create(self, query, body):
        assert 3 <= len(body['title']) <= 50
        number = 1 + max(self.projects, default=2)
        self.projects[number] = dict(dict(description=''), id=number, task_number=0, **body)
        return 201, self.projects[number]

    def project(self, number, query, body):
        if number not in self.projects:
            return 404, dict(detail='No Project matches the given query.')
        version = (body or {}).get('model_version')
        if version is not None and version not in self.versions(number):
            return 400, dict(validation_errors=dict(model_version=['there are no predictions']))
        self.projects[number].update(body or {})
        return 200, self.projects[number]

    def versions(self, number):
        """Of the predictions of a project."""
        given = [p for task in self._of(number) for p in task.get('predictions', ())]
        return {prediction['model_version'] for prediction in given}

    def uploads(self, number, query, body):
        return 200, [dict(id=n, file=file) for n, file in enumerate(self.files)]

    def take(self, number, query, body):
        if isinstance(body, tuple):
            assert query['commit_to_project'] == 'false'
            ((_, name, content),) = body
            assert content[:4] == b'\x89PNG'
            self.files.append(f'upload/{number}/{len(self.files):08x}-{name}')
            return 201, dict(task_count=1)
        for given in body:
            key = 1 + len(self.asked) * 1000 + len(self.tasks)
            empty = dict(annotations=[], drafts=[])
            self.tasks[key] = dict(given, id=key, project=number, **empty)
        self.projects[number]['task_number'] += len(body)
        return 201, dict(task_count=len(body))

    def _of(self, number):
        return [task for task in self.tasks.values() if task['project'] == number]

    def list_tasks(self, query, body):
        shown = [
            dict(
                id=task['id'],
                data=task['data'],
                drafts=[each for each in task['drafts'] if each.get('user') == OWN],
                total_annotations=sum(not a['was_cancelled'] for a in task['annotations']),
                cancelled_annotations=sum(a['was_cancelled'] for a in task['annotations']),
            )
            for task in self._of(int(query['project']))
        ]
        return 200, page(shown, query, 'tasks', total=len(shown))

    def remove(self, number, query, body):
        del self.tasks[number]
        return 204, None

    def export(self, number, query, body):
        assert query == dict(exportType='JSON', download_all_tasks='true')
        return 200, self._of(number)

    def known(self, authorization):
        """Whether an account is known."""
        kind, _, token = authorization.partition(' ')
        return token == TOKEN if kind == 'Token' else token in self.access


ROUTES = [
    ('GET /api/version', 'version'),
    ('POST /api/token/refresh', 'refresh'),
    ('GET /api/current-user/whoami', 'whoami'),
    ('GET /api/users', 'users'),
    ('GET /api/projects', 'list_projects'),
    ('POST /api/projects', 'create'),
    ('(?:GET|PATCH) /api/projects/([0-9]+)', 'project'),
    ('GET /api/projects/([0-9]+)/file-uploads', 'uploads'),
    ('POST /api/projects/([0-9]+)/import', 'take'),
    ('GET /api/projects/([0-9]+)/export', 'export'),
    ('GET /api/tasks', 'list_tasks'),
    ('DELETE /api/tasks/([0-9]+)', 'remove'),
]

Studio.routes = ROUTES


def page(entries, query, name, **more):
    """A page of a list; one that is not there is an error, as there."""
    number, size = int(query['page']), int(query['page_size'])
    shown = entries[(number - 1) * size : number * size]
    assert shown or number == 1
    if 'next' in more:
        more['next'] = 'http://elsewhere' if number * size < len(entries) else None
    return {name: shown, **more}


def studio_server():
    """A running server: its :class:`Studio`, and its address."""
    return serving(Studio())
