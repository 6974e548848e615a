"""The annotator's server: this machine only, and only who knows the token in its address.

What a browser that was led here by another site could do is refused: another ``Host``
(rebinding of names), another ``Origin`` (forms and scripts of other pages), a missing token,
and bodies beyond a limit. Nothing that a client sends is a path: files of the page and
images are looked up by name and by id in tables that are made here.
"""

import hmac
import json
import os.path as osp
import secrets
import socket
import threading
from typing import Any, Awaitable, Callable, Dict, List, Optional, Tuple

from ...fileio import parse_json, read_bytes
from ..answers.kept import answered_units
from ..query import Query
from .handover import Handed
from .images import LabelImages
from .session import Refused, Session

EXTRA = 'label'
#: Bytes of a request; a change of all joints of eight views of a person has about 10,000.
MAX_BODY = 2**20
LOOPBACK = ('127.0.0.1', 'localhost', '[::1]')
PAGE = osp.join(osp.dirname(osp.abspath(__file__)), 'page')
FILES = {
    'index.html': 'text/html; charset=utf-8',
    'style.css': 'text/css; charset=utf-8',
    'main.js': 'text/javascript; charset=utf-8',
    'api.js': 'text/javascript; charset=utf-8',
    'view.js': 'text/javascript; charset=utf-8',
    'model.js': 'text/javascript; charset=utf-8',
    'keys.js': 'text/javascript; charset=utf-8',
    'panels.js': 'text/javascript; charset=utf-8',
}
HEADERS = {
    'Content-Security-Policy': (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
}
STATUS = dict(wrong=400, tab=409, other=409, stale=409)


class LabelServer:
    """Shows a session to browsers on this machine.

    Args:
        session (Session): The open query.
        port (int): 0 takes one that is free.
        token (str, optional): Part of the address; by default a new one.

    Attributes:
        address (str): What to open in a browser.
        handed (Handed): What was given to the experiment last; None before.

    Raises:
        ImportError: The extra ``label`` is not installed.
        OSError: The port is taken.
    """

    def __init__(self, session: Session, port: int = 0, token: Optional[str] = None):
        try:
            import starlette  # noqa: F401
            import uvicorn
        except ImportError as error:
            raise ImportError(
                f'{error.name} is not installed; the annotator needs the extra {EXTRA!r}: '
                f"pip install 'mmpose_al[{EXTRA}]'"
            ) from None
        self.session = session
        self.token = secrets.token_urlsafe(18) if token is None else token
        self.images = LabelImages(session.query, session.pool)
        self.handed: Optional[Handed] = None
        self.leave_when_handed = False
        self._lock = threading.Lock()
        self._files = {name: read_bytes(osp.join(PAGE, name)) for name in FILES}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind(('127.0.0.1', port))
            self._socket.listen(128)  # who opens the address at once waits a moment
        except OSError as error:
            self._socket.close()
            raise OSError(
                f'port {port} cannot be used ({error.strerror}); give another --port, or 0'
            ) from None
        self.port: int = self._socket.getsockname()[1]
        self.address = f'http://127.0.0.1:{self.port}/{self.token}/'
        config = uvicorn.Config(
            self.application(),
            log_config=None,  # its own would close the log files of this process
            log_level='warning',
            access_log=False,
            server_header=False,
            lifespan='off',
            ws='none',
            http='h11',
            timeout_keep_alive=30,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)

    def run(self) -> None:
        """Serve until :meth:`stop`, Ctrl-C, or labels were handed over where that ends it."""
        self._server.run(sockets=[self._socket])
        self._socket.close()

    def stop(self) -> None:
        """End :meth:`run` soon; from any thread."""
        self._server.should_exit = True

    # ---- requests ----------------------------------------------------------------------

    def application(self) -> Callable[..., Awaitable[None]]:
        """The ASGI application, with its guard."""
        from starlette.applications import Starlette
        from starlette.routing import Route

        routes = [
            Route('/', self._file, methods=['GET']),
            Route('/page/{name}', self._file, methods=['GET']),
            Route('/images/{image:int}', self._image, methods=['GET']),
            Route('/api/{call}', self._call, methods=['POST']),
        ]
        return guarded(Starlette(routes=routes), self.token)

    async def _file(self, request: Any) -> Any:
        from starlette.responses import Response

        name = request.path_params.get('name', 'index.html')
        if name not in self._files:
            return Response('no such file', 404)
        return Response(self._files[name], headers={'Content-Type': FILES[name]})

    async def _image(self, request: Any) -> Any:
        from starlette.concurrency import run_in_threadpool
        from starlette.responses import Response

        try:
            content, kind = await run_in_threadpool(self.images.read, request.path_params['image'])
        except FileNotFoundError:
            return Response('the file is not there', 404)
        except (OSError, ValueError) as error:
            return Response(str(error), 404)
        return Response(content, headers={'Content-Type': kind, 'Cache-Control': 'private'})

    async def _call(self, request: Any) -> Any:
        from starlette.concurrency import run_in_threadpool
        from starlette.responses import Response

        call = getattr(self, f'call_{request.path_params["call"]}', None)
        if call is None:
            return _json(Response, dict(error='no such call', kind='wrong'), 404)
        if request.headers.get('content-type', '').split(';')[0] != 'application/json':
            return _json(Response, dict(error='send application/json', kind='wrong'), 415)
        body = b''
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                return _json(Response, dict(error='too large', kind='wrong'), 413, close=True)
        status, answer = await run_in_threadpool(self._answer, call, body)
        return _json(Response, answer, status)

    def _answer(self, call: Callable[[dict], Any], body: bytes) -> Tuple[int, Any]:
        """Status and content of one call; calls are carried out one after the other."""
        try:
            content = parse_json(body, 'request')
            if not isinstance(content, dict):
                raise Refused('the request is no object')
            with self._lock:
                return 200, call(content)
        except Refused as error:
            return STATUS[error.kind], dict(error=str(error), kind=error.kind)
        except ValueError as error:  # of the experiment's files, or the labels are refused
            return 400, dict(error=str(error), kind='wrong')
        except OSError as error:
            return 500, dict(error=f'not saved: {error}', kind='disk')

    # ---- what the page may ask ---------------------------------------------------------

    def call_setup(self, request: dict) -> Any:
        """What the page needs once."""
        return dict(
            self.session.setup(), train=self.session.next_command, goes_on=self.leave_when_handed
        )

    def call_join(self, request: dict) -> Any:
        """A person begins in a tab."""
        name = self.session.join(
            request.get('name'), request.get('tab'), request.get('force') is True
        )
        return dict(name=name)

    def call_overview(self, request: dict) -> Any:
        """How far everybody is."""
        return self.session.overview(request.get('name'), request.get('tab'))

    def call_next(self, request: dict) -> Any:
        """The unit to go on with."""
        return dict(unit=self.session.next(request.get('name'), request.get('tab')))

    def call_open(self, request: dict) -> Any:
        """A unit as it stands."""
        return self.session.open(request.get('name'), request.get('tab'), request.get('unit'))

    def call_change(self, request: dict) -> Any:
        """One change; it is on the disk when this answers."""
        return self.session.change(request.get('name'), request.get('tab'), request)

    def call_neighbours(self, request: dict) -> Any:
        """Images of the same camera before and after those of a unit."""
        image = request.get('image')
        return dict(images=self.images.neighbours(image) if isinstance(image, int) else [])

    def call_check(self, request: dict) -> Any:
        """What would come of handing over; also where nothing is labelled."""
        return self._handed(request, dry_run=True)

    def call_finish(self, request: dict) -> Any:
        """Hand the labels over."""
        return self._handed(request, dry_run=False)

    def _handed(self, request: dict, dry_run: bool) -> Any:
        handed = self.session.hand_over(
            request.get('name'), request.get('tab'), request.get('begun') is True, dry_run
        )
        if not dry_run and handed.taken is not None:
            self.handed = handed
            if self.leave_when_handed:
                threading.Timer(0.5, self.stop).start()  # the page gets its answer first
        return handed_text(handed, self.session.query)


def handed_text(handed: Handed, query: Query) -> Dict[str, Any]:
    """What became of the labels, for the page; a warning says in which unit it is."""
    taken = handed.taken
    return dict(
        open=handed.open,
        begun=handed.begun,
        empty=handed.empty,
        reasons={str(number): reason for number, reason in handed.reasons.items()},
        units=[] if taken is None else answered_units(query, taken.annotations),
        views=0 if taken is None else taken.views,
        joints=0 if taken is None else taken.joints,
        kept=[] if taken is None else taken.kept,
        withdrawn=0 if taken is None else len(taken.withdrawn),
        replaced=0 if taken is None else len(taken.replaced),
        lost={} if taken is None else taken.lost,
        passed_over={} if taken is None else {k: len(v) for k, v in taken.passed_over.items()},
        warnings=[
            dict(warning.data(), unit=query.annotations[warning.annotations[0]]['unit'])
            for warning in ([] if taken is None else taken.warnings)
        ],
        written=taken is not None and taken.written,
    )


def _json(response: Any, content: Any, status: int = 200, close: bool = False) -> Any:
    headers = {'Content-Type': 'application/json'}
    if close:
        headers['Connection'] = 'close'
    return response(json.dumps(content, allow_nan=False), status, headers=headers)


# ---- the guard -------------------------------------------------------------------------


def guarded(application: Any, token: str) -> Callable[..., Awaitable[None]]:
    """An ASGI application behind checks of host, origin, size and token.

    A request for ``/TOKEN/rest`` reaches it as ``/rest``. Others get an answer that does not
    say what is here.
    """

    async def guard(scope: dict, receive: Any, send: Any) -> None:
        if scope['type'] != 'http':
            return
        headers = _headers(scope['headers'])
        refused = refusal(scope['method'], headers)
        given, _, rest = scope['path'].lstrip('/').partition('/')
        if refused is None and not hmac.compare_digest(given.encode(), token.encode()):
            refused = 404, 'not here'
        if refused is not None:
            if refused[0] != 413:
                await _read_on(receive)  # or the connection breaks before the answer is read
            await _refuse(send, *refused)
            return

        async def send_with_headers(message: dict) -> None:
            if message['type'] == 'http.response.start':
                there = {name.lower() for name, _ in message['headers']}
                more = [
                    (name.lower().encode(), value.encode())
                    for name, value in HEADERS.items()
                    if name.lower().encode() not in there
                ]
                message = dict(message, headers=[*message['headers'], *more])
            await send(message)

        inner = dict(scope, path=f'/{rest}', raw_path=None, root_path='')
        await application(inner, receive, send_with_headers)

    return guard


def refusal(method: str, headers: Dict[str, List[str]]) -> Optional[Tuple[int, str]]:
    """Why a request is refused whatever it asks: status and text; None if it is not.

    Args:
        method (str): Of HTTP.
        headers (dict): Name in lower case -> its values.
    """
    hosts = headers.get('host', [])
    if len(hosts) != 1 or _without_port(hosts[0]) not in LOOPBACK:
        return 403, 'another host'
    origins = headers.get('origin', [])
    if origins and origins != [f'http://{hosts[0]}']:
        return 403, 'another origin'
    navigates = method == 'GET' and headers.get('sec-fetch-dest') == ['document']
    sites = (['same-origin'], ['none'])  # a link to the page may stand anywhere, with its token
    if not navigates and headers.get('sec-fetch-site', ['none']) not in sites:
        return 403, 'another site'
    if method not in ('GET', 'POST'):
        return 405, 'not allowed'
    length = headers.get('content-length', ['0'])
    if len(length) != 1 or not length[0].isdigit() or int(length[0]) > MAX_BODY:
        return 413, 'too large'
    return None


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(':')
    return name if colon and port.isdigit() else host


def _headers(raw: List[Tuple[bytes, bytes]]) -> Dict[str, List[str]]:
    found: Dict[str, List[str]] = {}
    for name, value in raw:
        found.setdefault(name.decode('latin-1').lower(), []).append(value.decode('latin-1'))
    return found


async def _read_on(receive: Any) -> None:
    """Read what is left of a body, and not more than a body may have."""
    read, more = 0, True
    while more and read <= MAX_BODY:
        message = await receive()
        read += len(message.get('body', b''))
        more = message.get('more_body', False)


async def _refuse(send: Any, status: int, text: str) -> None:
    headers = [(b'content-type', b'text/plain'), (b'connection', b'close')]
    await send(dict(type='http.response.start', status=status, headers=headers))
    await send(dict(type='http.response.body', body=text.encode()))
