"""Small servers that answer as annotation tools do, and misbehave as tests want it."""

import json
import re
import threading
import time
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit


class Held:
    """What a server holds, and how it misbehaves.

    Attributes:
        asked (list[str]): Method and path of each request.
        headers (dict): Of the request that is answered.
        fails (dict): Part of "METHOD path" -> status, or what to do with a request: 'drop'
            closes the connection, 'hang' is silent, 'html' says something else.
        left (int, optional): Requests that write until the server is gone.
        free (tuple): Paths that need no account.
        routes (list): Pattern of "METHOD path" -> name of the method that answers.
    """

    free, routes = (), []

    def __init__(self):
        self.asked, self.fails, self.left = [], {}, None
        self.headers = {}

    def __call__(self, method, path, query, body):
        """Status and content of an answer."""
        for pattern, name in self.routes:
            found = re.fullmatch(pattern, f'{method} {path}')
            if found:
                given = [int(each) if each.isdigit() else each for each in found.groups()]
                return getattr(self, name)(*given, query=query, body=body)
        return 404, dict(detail='Not found.')

    def known(self, authorization):
        """Whether an account is known."""
        raise NotImplementedError


class Handler(BaseHTTPRequestHandler):
    """Reads requests for ``server.held``."""

    def handle_any(self):
        held, parts = self.server.held, urlsplit(self.path)
        path = unquote(parts.path)
        asked = f'{self.command} {path}'
        body = self.read_body()
        held.asked.append(asked)
        held.headers = dict(self.headers)
        fault = next((what for part, what in held.fails.items() if part in asked), None)
        if self.command != 'GET' and held.left is not None and path not in held.free:
            held.left -= 1
            fault = 'drop' if held.left < 0 else fault
        if fault == 'hang':
            time.sleep(1.5)
        if fault in ('drop', 'hang'):
            self.close_connection = True
            return
        if fault == 'html':
            self.reply(200, b'<html>', 'text/html')
        elif isinstance(fault, int):
            self.reply(fault, json.dumps(dict(detail='as the test wants it')).encode())
        elif path not in held.free and not held.known(self.headers.get('Authorization', '')):
            self.reply(401, json.dumps(dict(detail='Invalid token.')).encode())
        else:
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            status, content = held(self.command, path, query, body)
            self.reply(status, b'' if content is None else json.dumps(content).encode())

    do_GET = do_POST = do_PATCH = do_DELETE = handle_any

    def read_body(self):
        """JSON; or of a form its parts: name of the field, of the file, content."""
        raw = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        kind = self.headers.get('Content-Type', '')
        if kind.startswith('multipart/'):
            mail = message_from_bytes(f'Content-Type: {kind}\r\n\r\n'.encode() + raw)
            return tuple(
                (
                    part.get_param('name', header='content-disposition'),
                    part.get_filename(),
                    part.get_payload(decode=True),
                )
                for part in mail.get_payload()
            )
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
def serving(held):
    """A running server: what it holds, and its address."""
    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.held = held
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield held, f'http://127.0.0.1:{server.server_port}'
    finally:
        server.shutdown()
        server.server_close()
        thread.join(20)
