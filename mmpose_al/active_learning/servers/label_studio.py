"""What is asked of a Label Studio server: https://api.labelstud.io, version 1.

Label Studio's own package for this, label-studio-sdk, does not fit the stacks of this
package: from version 2 on it demands NumPy 2.2 and an OpenCV of its own, and no version
uploads images.
"""

from typing import Any, Dict, Iterator, List, NamedTuple, Sequence
from urllib.parse import quote

from .connection import Connection, ServerError

PAGE = 100  # entries that are asked for at once
ENDINGS = ('.bmp', '.gif', '.jpeg', '.jpg', '.png', '.svg', '.webp')  # of images it takes
_TASK = 'id,data,total_annotations,cancelled_annotations,drafts'
_PROJECT = 'id,title,description,label_config,task_number'


class Task(NamedTuple):
    """A task of a project.

    Attributes:
        id (int): On the server.
        data (dict): What it is about.
        touched (bool): Whether somebody has submitted, skipped or begun it.
    """

    id: int
    data: Dict[str, Any]
    touched: bool


class LabelStudioServer:
    """An account on a Label Studio server.

    Args:
        url (str): Address of the server.
        token (str): Of the account: a personal access token, or one of the old kind.
        timeout (float): Seconds that the server may be silent.

    Raises:
        ServerError: No Label Studio is there, or it refuses the token.
    """

    def __init__(self, url: str, token: str, timeout: float = 120.0):
        self.connection = Connection(url, '', timeout)
        try:
            version = self.connection.json('GET', '/api/version')
        except ServerError as error:
            if error.status is None or error.status < 400:
                raise
            version = None
        if not isinstance(version, dict) or 'label-studio-os-package' not in version:
            raise ServerError(
                f'{self.url}: is no Label Studio server. Give the address that it has in the '
                'browser, without /projects'
            )
        self._sign_in(token)
        #: Id, email and more of the account.
        self.account: Dict[str, Any] = self.connection.json('GET', '/api/current-user/whoami')

    @property
    def url(self) -> str:
        return self.connection.url

    def _sign_in(self, token: str) -> None:
        """A personal access token is a JWT, and gives tokens that are valid for minutes."""
        if not token.isascii() or len(token.split()) != 1:
            raise ServerError('the token has characters that no token has; copy it again')
        if token.count('.') != 2:
            self.connection.authorization = f'Token {token}'
            return
        self.connection.authorization = ''
        given = self.connection.json('POST', '/api/token/refresh', json=dict(refresh=token))
        self.connection.authorization = f'Bearer {given["access"]}'
        self._refresh = token

    def _json(self, method: str, path: str, **options: Any) -> Any:
        """See :meth:`Connection.json`; a token of some minutes is made anew."""
        try:
            return self.connection.json(method, path, **options)
        except ServerError as error:
            if error.status != 401 or not hasattr(self, '_refresh'):
                raise
        self._sign_in(self._refresh)
        return self.connection.json(method, path, **options)

    # ---- projects --------------------------------------------------------------------

    def projects(self) -> Iterator[Dict[str, Any]]:
        """The projects that the account may see: id, title, description and more."""
        page = 1
        while True:
            params = dict(page=page, page_size=PAGE, include=_PROJECT)
            found = self._json('GET', '/api/projects', params=params)
            yield from found['results']
            if not found.get('next'):
                return
            page += 1

    def project(self, number: int) -> Dict[str, Any]:
        """A project.

        Raises:
            ServerError: It is not there, or the account may not see it.
        """
        try:
            return self._json('GET', f'/api/projects/{number}')
        except ServerError as error:
            if error.status != 404:
                raise
            raise ServerError(
                f'{self.url}: project {number} is not there, or {self.account.get("email")} may '
                'not see it. Give another --project, or --project new'
            ) from error

    def create_project(self, **content: str) -> Dict[str, Any]:
        """Make a project of this ``title``, ``description`` and ``label_config``."""
        return self._json('POST', '/api/projects', json=content)

    def change_project(self, number: int, **content: str) -> Dict[str, Any]:
        """Change some of what :meth:`create_project` sets."""
        return self._json('PATCH', f'/api/projects/{number}', json=content)

    # ---- images and tasks ------------------------------------------------------------

    def uploads(self, project: int) -> Dict[str, str]:
        """Name of an image that this account has uploaded -> where a task finds it."""
        path = f'/api/projects/{project}/file-uploads'
        found = self._json('GET', path, params=dict(all='true'))
        # upload/PROJECT/12345678-NAME
        return {
            entry['file'].rsplit('/', 1)[-1].partition('-')[2]: f'/data/{quote(entry["file"])}'
            for entry in found
        }

    def upload(self, project: int, name: str, content: bytes) -> None:
        """Upload an image without making a task of it.

        Raises:
            ServerError: Label Studio does not take images with such an ending, or this one.
        """
        if not name.lower().endswith(ENDINGS):
            raise ServerError(
                f'{name}: Label Studio takes no such image; it takes {", ".join(ENDINGS)}. '
                'Convert the images, or label with `mmpose-al label`'
            )
        self._json(
            'POST',
            f'/api/projects/{project}/import',
            params=dict(commit_to_project='false'),
            files=dict(file=(name, content)),
        )

    def tasks(self, project: int) -> Iterator[Task]:
        """The tasks of a project."""
        page = 1
        while True:
            params = dict(project=project, page=page, page_size=PAGE, fields='all', include=_TASK)
            found = self._json('GET', '/api/tasks', params=params)
            for task in found['tasks']:
                counts = [task.get('total_annotations'), task.get('cancelled_annotations')]
                yield Task(task['id'], task['data'], any(counts) or bool(task.get('drafts')))
            if page * PAGE >= found['total']:
                return
            page += 1

    def add_tasks(self, project: int, tasks: Sequence[dict]) -> None:
        """Add tasks: all of them, or none."""
        self._json('POST', f'/api/projects/{project}/import', json=list(tasks))

    def remove_task(self, task: int) -> None:
        """Remove a task and all that belongs to it."""
        self._json('DELETE', f'/api/tasks/{task}')

    # ---- answers ---------------------------------------------------------------------

    def export(self, project: int) -> List[dict]:
        """The export called JSON of all tasks; answers say who gave them by their email."""
        params = dict(exportType='JSON', download_all_tasks='true')
        tasks = self._json('GET', f'/api/projects/{project}/export', params=params)
        emails = {user['id']: user.get('email') for user in self._users()}
        for task in tasks:
            for annotation in task.get('annotations') or ():
                number = annotation.get('completed_by')
                if emails.get(number):
                    annotation['completed_by'] = dict(id=number, email=emails[number])
        return tasks

    def _users(self) -> List[dict]:
        """The people of the server; the account alone where it may not ask for others."""
        try:
            return self._json('GET', '/api/users')
        except ServerError as error:
            if error.status is None:
                raise
            return [self.account]
