"""Requests to the server of an annotation tool; what goes wrong is told in a line.

It needs the package requests (extras ``label_studio`` and ``cvat``), which is imported when it is
used.
"""

from typing import Any, Dict, Optional
from urllib.parse import urlsplit

from ...fileio import short

CONNECT = 10.0  # seconds until there must be a connection
REFUSED = (401, 403)


class ServerError(ValueError):
    """A server cannot be used, or refuses something; the message says what to do.

    Attributes:
        status (int, optional): Of HTTP, where the server answered.
    """

    status: Optional[int] = None


class Connection:
    """A server and an account there.

    Redirects are not followed: they would carry the token elsewhere, and make other
    requests of those that write.

    Args:
        url (str): Address of the server, with http:// or https://.
        authorization (str): Value of that header; '' without an account. It is part of no
            message.
        timeout (float): Seconds that the server may be silent.

    Raises:
        ServerError: The address is none, or the package is not installed.
    """

    def __init__(self, url: str, authorization: str = '', timeout: float = 120.0):
        self.url, self.timeout = checked_url(url), timeout
        try:
            import requests
        except ImportError:
            raise ServerError(
                'the package requests is not installed. Do `pip install "mmpose_al[label_studio]"` '
                'or "mmpose_al[cvat]"'
            ) from None
        self._requests: Any = requests
        self._session = requests.Session()
        self.authorization = authorization

    def json(self, method: str, path: str, **options: Any) -> Any:
        """What the server answers as JSON; None for an empty answer.

        Args:
            method (str): Of HTTP.
            path (str): From the server's address on, with a slash in front.
            options: Of :func:`requests.request`: ``params``, ``json``, ``files``.

        Raises:
            ServerError: There is no such answer.
        """
        answer = self._send(method, path, **options)
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError:
            raise ServerError(
                f'{self.url}{path}: the answer is not JSON, but {short(answer.text)}. Is this '
                'the address of the server itself?'
            ) from None

    def content(self, method: str, path: str, **options: Any) -> bytes:
        """What the server answers, as bytes; see :meth:`json`."""
        return self._send(method, path, **options).content

    def _send(self, method: str, path: str, **options: Any) -> Any:
        errors = self._requests.exceptions
        try:
            answer = self._session.request(
                method,
                self.url + path,
                auth=self._authorize,
                timeout=(CONNECT, self.timeout),
                allow_redirects=False,
                **options,
            )
        except errors.SSLError as error:
            raise ServerError(f'{self.url}: no safe connection ({_reason(error)})') from error
        except errors.Timeout as error:
            raise ServerError(
                f'{self.url}{path}: no answer within {self.timeout:g} s. Give more with '
                '--timeout, and do the same again: what is done stays'
            ) from error
        except errors.RequestException as error:
            raise ServerError(
                f'{self.url}: no server answers ({_reason(error)}). Start it, or correct the '
                'address; then do the same again: what is done stays'
            ) from error
        if answer.status_code >= 300:
            raise self._refused(method, path, answer)
        return answer

    def _authorize(self, request: Any) -> Any:
        """Adds the account to a request; without this, a .netrc file would."""
        if self.authorization:
            request.headers['Authorization'] = self.authorization
        return request

    def _refused(self, method: str, path: str, answer: Any) -> ServerError:
        """What an answer with a bad status says."""
        status, where = answer.status_code, f'{self.url}{path}'
        if status < 400:
            target = short(answer.headers.get('Location', ''), 200)
            text = f'{where}: is redirected to {target}. Give the address that the server has'
        elif status in REFUSED:
            text = (
                f'{where}: the server refuses this account (status {status}: {_said(answer)}). '
                'Give a token that is valid, of somebody who may do this'
            )
        else:
            text = f'{where}: {method} failed with status {status}: {_said(answer)}'
        error = ServerError(text)
        error.status = status
        return error


def checked_url(url: str) -> str:
    """An address without a slash at its end.

    Raises:
        ServerError: It is none of http or https, or has a name or a password in it.
    """
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ('http', 'https') and bool(parts.hostname) and not parts.query
        parts.port  # noqa: B018  # raises for a port that is none
    except ValueError:
        valid = False
    if not valid:
        raise ServerError(f'{short(url)} is no address of a server; write http://HOST:PORT')
    if parts.username or parts.password:
        raise ServerError('the address has a name or a password in it; leave them out')
    return url.rstrip('/')


def _reason(error: BaseException) -> str:
    """The innermost cause of an error of the connection."""
    cause: Any = error.args[0] if error.args else error
    cause = getattr(cause, 'reason', None) or cause
    return short(str(cause).split(': ', 1)[-1], 120)


def _said(answer: Any) -> str:
    """What a server says about a failure, as far as it fits a line."""
    try:
        content: Any = answer.json()
    except ValueError:
        return short(answer.text or answer.reason, 200)
    if isinstance(content, dict):
        told: Dict[str, Any] = content.get('validation_errors') or {}
        return short(told or content.get('detail') or content, 300)
    return short(content, 300)


def checked_token(token: str) -> str:
    """A token that can be part of a header.

    Raises:
        ServerError: It cannot; the message does not show it.
    """
    if not token.isascii() or len(token.split()) != 1:
        raise ServerError('the token has characters that no token has; copy it again')
    return token
