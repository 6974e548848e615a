"""A small server that answers as Label Studio 1.23 does, as far as it is asked."""

import json
import re
import threading
import time
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOKEN = '0123456789abcdef0123456789abcdef01234567'
PERSONAL = 'eyJhbGciOiJIUzI1NiJ9.eyJ0b2tlbiI6InJlZnJlc2gifQ.c2lnbmF0dXJl'
EMAIL = 'anna@example.org'


class Studio:
    """What the server holds, and how it misbehaves.

    Attributes:
        asked (list[str]): Method and path of each request.
        fails (dict): Part of "METHOD path" -> status, or what to do with a request: 'drop'
            closes the connection, 'hang' is silent, 'html' says something else.
        left (int, optional): Requests that write until the server is gone.
        access (set): Tokens of some minutes that are valid.
    """

    def __init__(self):
        self.projects, self.files, self.tasks = {}, [], {}
        self.asked, self.fails, self.left = [], {}, None
        self.access = set()
        self.paths = []

    # ---- what a person does in the browser -------------------------------------------

    def answer(self, annotation, result, by=1, **more):
        """Somebody submits something about a person of a query."""
        for task in self.tasks.values():
            if task['data']['annotation_id'] == annotation:
                number = len(task['annotations']) + 1
                submitted = dict(id=number, completed_by=by, was_cancelled=False, lead_time=7.5)
                task['annotations'].append(dict(submitted, result=result, **more))

    # ---- requests --------------------------------------------------------------------

    def __call__(self, method, path, query, body):
        """Status and content of an answer."""
        for pattern, name in ROUTES:
            found = re.fullmatch(pattern, f'{method} {path}')
            if found:
                return getattr(self, name)(*map(int, found.groups()), query=query, body=body)
        return 404, dict(detail='Not found.')

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
            assert body[1][:4] == b'\x89PNG'
            self.files.append(f'upload/{number}/{len(self.files):08x}-{body[0]}')
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
                drafts=task['drafts'],
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
FREE = ('/api/version', '/api/token/refresh')  # without an account


def page(entries, query, name, **more):
    """A page of a list; one that is not there is an error, as there."""
    number, size = int(query['page']), int(query['page_size'])
    shown = entries[(number - 1) * size : number * size]
    assert shown or number == 1
    if 'next' in more:
        more['next'] = 'http://elsewhere' if number * size < len(entries) else None
    return {name: shown, **more}


class Handler(BaseHTTPRequestHandler):
    """Reads requests for ``server.studio``."""

    def handle_any(self):
        studio, parts = self.server.studio, urlsplit(self.path)
        asked = f'{self.command} {parts.path}'
        body = self.read_body()
        studio.asked.append(asked)
        fault = next((what for part, what in studio.fails.items() if part in asked), None)
        if self.command != 'GET' and studio.left is not None and parts.path not in FREE:
            studio.left -= 1
            fault = 'drop' if studio.left < 0 else fault
        if fault == 'hang':
            time.sleep(1.5)
        if fault in ('drop', 'hang'):
            self.close_connection = True
            return
        if fault == 'html':
            self.reply(200, b'<html>', 'text/html')
        elif isinstance(fault, int):
            self.reply(fault, json.dumps(dict(detail='as the test wants it')).encode())
        elif parts.path not in FREE and not self.known(studio):
            self.reply(401, json.dumps(dict(detail='Invalid token.')).encode())
        else:
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            status, content = studio(self.command, parts.path, query, body)
            self.reply(status, b'' if content is None else json.dumps(content).encode())

    do_GET = do_POST = do_PATCH = do_DELETE = handle_any

    def known(self, studio):
        kind, _, token = self.headers.get('Authorization', '').partition(' ')
        return token == TOKEN if kind == 'Token' else token in studio.access

    def read_body(self):
        raw = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        kind = self.headers.get('Content-Type', '')
        if kind.startswith('multipart/'):
            mail = message_from_bytes(f'Content-Type: {kind}\r\n\r\n'.encode() + raw)
            (part,) = mail.get_payload()
            return part.get_filename(), part.get_payload(decode=True)
        return json.loads(raw) if raw else None

    def reply(self, status, content, kind='application/json'):
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header('Location', 'https://elsewhere.example/')
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


@contextmanager
def studio_server():
    """A running server: its :class:`Studio`, and its address."""
    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.studio = Studio()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.studio, f'http://127.0.0.1:{server.server_port}'
    finally:
        server.shutdown()
        server.server_close()
        thread.join(20)
