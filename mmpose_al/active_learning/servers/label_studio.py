"""What is asked of a Label Studio server: https://api.labelstud.io, version 1.

Label Studio's own package for this, label-studio-sdk, does not fit the stacks of this
package: from version 2 on it demands NumPy 2.2 and an OpenCV of its own, and no version
uploads images.
"""

import time
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple
from urllib.parse import quote
from xml.etree import ElementTree

from ...fileio import read_bytes
from ..formats.label_studio import JOINTS, MODEL, label_studio_config, label_studio_tasks
from ..query import Query
from .base import AnnotationServer, Handing, Project, Say, Sent, in_parts
from .connection import Connection, ServerError, checked_token

PAGE = 100  # entries that are asked for at once
BATCH = 50  # tasks of a request
PATIENCE = 5.0  # seconds between lines about progress
TITLE = 50  # characters of a project's title that Label Studio takes
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


class LabelStudioServer(AnnotationServer):
    """An account on a Label Studio server.

    Args:
        url (str): Address of the server.
        token (str): Of the account: a personal access token, or one of the old kind.
        timeout (float): Seconds that the server may be silent.

    Raises:
        ServerError: No Label Studio is there, or it refuses the token.
    """

    tool, name = 'label_studio', 'Label Studio'

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

    def _sign_in(self, token: str) -> None:
        """A personal access token is a JWT, and gives tokens that are valid for minutes."""
        if checked_token(token).count('.') != 2:
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

    def address(self, project: int) -> str:
        """Of a project, for a browser."""
        return f'{self.url}/projects/{project}/data'

    def projects(self) -> Iterator[Project]:
        """The projects that the account may see."""
        page = 1
        while True:
            params = dict(page=page, page_size=PAGE, include=_PROJECT)
            found = self._json('GET', '/api/projects', params=params)
            yield from map(_project, found['results'])
            if not found.get('next'):
                return
            page += 1

    def project(self, number: int) -> Project:
        """See :meth:`AnnotationServer.project`."""
        return _project(self._project(number))

    def _project(self, number: int) -> Dict[str, Any]:
        try:
            return self._json('GET', f'/api/projects/{number}')
        except ServerError as error:
            if error.status != 404:
                raise
            raise ServerError(
                f'{self.url}: project {number} is not there, or {self.account.get("email")} may '
                'not see it. Give another --project, or --project new'
            ) from error

    def create_project(self, title: str, mark: str, query: Query) -> Project:
        """See :meth:`AnnotationServer.create_project`; the mark is its description."""
        content = dict(
            title=title[:TITLE], description=mark, label_config=label_studio_config(query)
        )
        return _project(self._json('POST', '/api/projects', json=content))

    def change_project(
        self, project: Project, mark: Optional[str] = None, query: Optional[Query] = None
    ) -> None:
        """See :meth:`AnnotationServer.change_project`."""
        change: Dict[str, str] = {}
        if mark is not None:
            change['description'] = f'{project.text}\n{mark}'.strip()
        if query is not None:
            change['label_config'] = label_studio_config(query)
        self._json('PATCH', f'/api/projects/{project.id}', json=change)

    def show_predictions(self, project: int, query: Query) -> None:
        """Have a project show our predictions: it shows those of one version, at first none."""
        predicted = any(each['prediction'] for each in query.annotations.values())
        if predicted and self._project(project).get('model_version') != MODEL:
            self._json('PATCH', f'/api/projects/{project}', json=dict(model_version=MODEL))

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

    # ---- queries ---------------------------------------------------------------------

    def asked_in(self, project: int) -> Iterator[str]:
        """See :meth:`AnnotationServer.asked_in`."""
        return (str(task.data.get('query')) for task in self.tasks(project))

    def send(self, project: int, query: Query, earlier: Sequence[Query], how: Handing) -> Sent:
        """See :meth:`AnnotationServer.send`; there is a task for each person in an image."""
        if how.job_size is not None:
            raise ServerError('Label Studio has no jobs: people take one task after the other')
        tasks = list(self.tasks(project))
        there = {t.data.get('annotation_id') for t in tasks if t.data.get('query') == query.id}
        missing = [entry for entry in query.annotations.values() if entry['id'] not in there]
        addresses: Optional[Dict[int, str]] = None
        uploaded = 0
        if how.prefix is None:
            images = {e['image_id']: query.images[e['image_id']] for e in missing}
            addresses, uploaded = self.upload_missing(
                project, query, list(images.values()), how.say
            )
        given = {entry['id'] for entry in missing}
        made = label_studio_tasks(query, how.prefix or '', addresses)
        made = [task for task in made if task['data']['annotation_id'] in given]
        for part in in_parts(made, BATCH):
            self.add_tasks(project, part)
        self.show_predictions(project, query)
        before = {each.id for each in earlier}
        idle = [t.id for t in tasks if t.data.get('query') in before and not t.touched]
        drafted = self.drafted(project) if idle else set()
        idle = [task for task in idle if task not in drafted]
        for task in idle:
            self.remove_task(task)
        return Sent(len(made), len(there & set(query.annotations)), uploaded, len(idle))

    def drafted(self, project: int) -> Set[int]:
        """Tasks with a draft of anybody; the list of tasks has those of the account alone."""
        return {task['id'] for task in self._exported(project) if task.get('drafts')}

    def upload_missing(
        self, project: int, query: Query, images: Sequence[dict], say: Say
    ) -> Tuple[Dict[int, str], int]:
        """Upload those images of a query that are not there.

        Returns:
            tuple: Image id -> where a task finds it; and how many were uploaded.

        Raises:
            ServerError: The server does not take one.
            OSError: One cannot be read.
        """
        there = self.uploads(project) if images else {}
        missing = [image for image in images if image['name'] not in there]
        told = time.monotonic()
        for count, image in enumerate(missing, 1):
            self.upload(project, image['name'], read_bytes(query.image_to_give(image)))
            if time.monotonic() - told > PATIENCE:
                told = time.monotonic()
                say(f'{count} of {len(missing)} images are uploaded')
        if missing:
            there = self.uploads(project)
        lost = [image['name'] for image in images if image['name'] not in there]
        if lost:
            raise ServerError(
                f'{self.url}: project {project} does not show {len(lost)} of the uploaded images, '
                f'first {lost[0]}. Push again; or have the server serve them, and give --prefix'
            )
        return {image['id']: there[image['name']] for image in images}, len(missing)

    # ---- answers ---------------------------------------------------------------------

    def answers(self, project: int, queries: Sequence[Query]) -> Tuple[str, Any]:
        """See :meth:`AnnotationServer.answers`."""
        return 'label_studio', self.export(project)

    def export(self, project: int) -> List[dict]:
        """The export called JSON of all tasks; answers say who gave them by their email."""
        tasks = self._exported(project)
        emails = {user['id']: user.get('email') for user in self._users()}
        for task in tasks:
            for annotation in task.get('annotations') or ():
                number = annotation.get('completed_by')
                if emails.get(number):
                    annotation['completed_by'] = dict(id=number, email=emails[number])
        return tasks

    def _exported(self, project: int) -> List[dict]:
        params = dict(exportType='JSON', download_all_tasks='true')
        return self._json('GET', f'/api/projects/{project}/export', params=params)

    def _users(self) -> List[dict]:
        """The people of the server; the account alone where it may not ask for others."""
        try:
            return self._json('GET', '/api/users')
        except ServerError as error:
            if error.status is None:
                raise
            return [self.account]


def _project(entry: Dict[str, Any]) -> Project:
    """A project as the server tells it."""
    joints = joints_of(entry.get('label_config') or '')
    return Project(
        entry['id'], entry.get('description') or '', joints, entry.get('task_number') or 0
    )


def joints_of(config: str) -> List[str]:
    """The joints that a labelling interface can set; none where it is no XML."""
    try:
        root = ElementTree.fromstring(config)
    except ElementTree.ParseError:
        return []
    return [
        label.get('value') or ''
        for control in root.iter('KeyPointLabels')
        if control.get('name') == JOINTS
        for label in control.iter('Label')
    ]
