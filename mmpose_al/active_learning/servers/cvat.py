"""What is asked of a CVAT server: https://docs.cvat.ai/docs/api_sdk, version 2.

CVAT's own package for this, cvat-sdk, needs Python 3.11. Requests do the same on all Pythons,
and as for Label Studio.
"""

import os
import re
import time
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple
from urllib.parse import quote

from ...fileio import read_bytes, short
from ..formats.cvat import cvat_labels
from ..paths import Paths
from ..query import Query
from .base import AnnotationServer, Handing, Project, Say, Sent, in_parts
from .connection import Connection, ServerError, checked_token
from .cvat_shapes import (
    Frame,
    Part,
    SkeletonLabel,
    coco_annotations,
    coco_document,
    frames_of,
    is_untouched,
    skeleton_labels,
    skeletons,
)

PAGE = 100  # entries that are asked for at once
SHAPES = 200  # of a request
FILES, BYTES = 100, 30 * 2**20  # of a request that uploads
TITLE = 256  # characters of a name
QUALITY = 100  # of the images that are shown, per cent
ORGANIZATION = 'CVAT_ORGANIZATION'  # of the environment: the short name of one
OLD_TOKEN = re.compile('[0-9a-f]{40}')
ASKED = re.compile(r'query ([0-9a-f]{12})')
UNFINISHED = ' (is being made)'
WAIT = (0.2, 3.0)  # seconds between looks at what the server does, at first and at last


class Task(NamedTuple):
    """A task of a project: the images of a query.

    Attributes:
        id (int): On the server.
        query (str, optional): Id of the query; None for a task of something else.
        whole (bool): Whether its images and skeletons are there.
    """

    id: int
    query: Optional[str]
    whole: bool


class CvatServer(AnnotationServer):
    """An account on a CVAT server.

    Args:
        url (str): Address of the server.
        token (str): Of the account: a personal access token, or the key of an old server.
        timeout (float): Seconds that the server may be silent.

    Raises:
        ServerError: No CVAT is there, or it refuses the token.
    """

    tool, name = 'cvat', 'CVAT'

    def __init__(self, url: str, token: str, timeout: float = 120.0):
        kind = 'Token' if OLD_TOKEN.fullmatch(checked_token(token)) else 'Bearer'
        self.connection = Connection(url, f'{kind} {token}', timeout)
        organization = os.environ.get(ORGANIZATION)
        self._headers = {'X-Organization': organization} if organization else {}
        try:
            about = self._json('GET', '/api/server/about')
        except ServerError as error:
            if error.status is None or error.status < 400 or error.status in (401, 403):
                raise
            about = None
        if not isinstance(about, dict) or 'version' not in about:
            raise ServerError(
                f'{self.url}: is no CVAT server. Give the address that it has in the browser, '
                'without /projects'
            )
        self.version = str(about['version'])
        #: Id, username and more of the account.
        self.account: Dict[str, Any] = self._json('GET', '/api/users/self')

    def _json(self, method: str, path: str, **options: Any) -> Any:
        headers = {**self._headers, **options.pop('headers', {})}
        return self.connection.json(method, path, headers=headers, **options)

    def _listed(self, path: str, **params: Any) -> Iterator[dict]:
        """All entries of a list, page by page."""
        page = 1
        while True:
            found = self._json('GET', path, params=dict(params, page=page, page_size=PAGE))
            yield from found['results']
            if not found.get('next'):
                return
            page += 1

    # ---- projects --------------------------------------------------------------------

    def address(self, project: int) -> str:
        """Of a project, for a browser."""
        return f'{self.url}/projects/{project}'

    def projects(self) -> Iterator[Project]:
        """The projects that the account may see, without their joints."""
        return (_project(entry, []) for entry in self._listed('/api/projects'))

    def project(self, number: int) -> Project:
        """See :meth:`AnnotationServer.project`."""
        try:
            entry = self._json('GET', f'/api/projects/{number}')
        except ServerError as error:
            if error.status not in (403, 404):
                raise
            raise ServerError(
                f'{self.url}: project {number} is not there, or {self.account.get("username")} '
                'may not see it. Give another --project, or --project new'
            ) from error
        labels = list(self._labels(number))
        return _project(entry, [name for label in labels for name in label.joints])

    def create_project(self, title: str, mark: str, query: Query) -> Project:
        """See :meth:`AnnotationServer.create_project`; the mark is part of its name."""
        content = dict(name=_name(title, mark), labels=cvat_labels(query))
        return _project(self._json('POST', '/api/projects', json=content), query.joints)

    def change_project(
        self, project: Project, mark: Optional[str] = None, query: Optional[Query] = None
    ) -> None:
        """See :meth:`AnnotationServer.change_project`."""
        change: Dict[str, Any] = {}
        if mark is not None:
            change['name'] = _name(project.text, mark)
        if query is not None:
            change['labels'] = cvat_labels(query)
        self._json('PATCH', f'/api/projects/{project.id}', json=change)

    def _labels(self, project: int) -> Iterator[SkeletonLabel]:
        return skeleton_labels(self._listed('/api/labels', project_id=project))

    def _label(self, project: int, query: Query) -> SkeletonLabel:
        """The label of a project that has the joints of a query, in their order."""
        for label in self._labels(project):
            if set(label.joints) == set(query.joints):
                return label._replace(joints={name: label.joints[name] for name in query.joints})
        raise ServerError(
            f'{self.url}: project {project} has no skeleton with just the joints '
            f'{short(", ".join(query.joints))}. Give another --project, or --project new'
        )

    # ---- tasks -----------------------------------------------------------------------

    def tasks(self, project: int) -> List[Task]:
        """The tasks of a project."""
        found = []
        for entry in self._listed('/api/tasks', project_id=project):
            asked = ASKED.search(entry['name'])
            whole = not entry['name'].endswith(UNFINISHED)
            found.append(Task(entry['id'], asked.group(1) if asked else None, whole))
        return found

    def asked_in(self, project: int) -> Iterator[str]:
        """See :meth:`AnnotationServer.asked_in`."""
        return (task.query for task in self.tasks(project) if task.query is not None)

    def send(self, project: int, query: Query, earlier: Sequence[Query], how: Handing) -> Sent:
        """See :meth:`AnnotationServer.send`; all images of a query are one task.

        Until it is whole its name says so; what a killed push has left is made anew.
        """
        label, tasks = self._label(project, query), self.tasks(project)
        mine = [task for task in tasks if task.query == query.id]
        for task in mine:
            if not task.whole:
                self.remove_task(task.id)
        there = sum(task.whole for task in mine)
        if not there:
            self._make_task(project, query, label, how)
        known = {each.id: each for each in earlier}
        idle = [t.id for t in tasks if t.query in known and self._is_idle(t, known[t.query], label)]
        for number in idle:
            self.remove_task(number)
        uploaded = 0 if there or how.prefix is not None else len(query.images)
        return Sent(int(not there), there, uploaded, len(idle))

    def _make_task(self, project: int, query: Query, label: SkeletonLabel, how: Handing) -> None:
        """Make the task of a query, with images and skeletons."""
        name = f'round {query.round}, query {query.id}'
        content: Dict[str, Any] = dict(name=name + UNFINISHED, project_id=project)
        if how.job_size is not None:
            content.update(segment_size=how.job_size, overlap=0)
        task = self._json('POST', '/api/tasks', json=content)['id']
        if how.prefix is None:
            self._upload(task, query, how.say)
        else:
            self._use_share(task, query, how.prefix)
        frames = self.frames(task, query)
        lost = len(query.images) - len({frame.image['id'] for frame in frames.values()})
        if lost:
            raise ServerError(
                f'{self.url}: task {task} does not show {lost} of the {len(query.images)} images. '
                'Push again'
            )
        for part in in_parts(skeletons(query, frames, label), SHAPES):
            content = dict(version=0, tags=[], shapes=list(part), tracks=[])
            path = f'/api/tasks/{task}/annotations/'
            self._json('PATCH', path, params=dict(action='create'), json=content)
        self._json('PATCH', f'/api/tasks/{task}', json=dict(name=name))

    def _is_idle(self, task: Task, query: Query, label: SkeletonLabel) -> bool:
        """Whether nobody has begun the task of an earlier query."""
        if not task.whole:
            return True
        if any(job['state'] != 'new' for job in self._jobs(task.id)):
            return False
        labelled = self._json('GET', f'/api/tasks/{task.id}/annotations/')
        if labelled.get('tracks') or labelled.get('tags'):
            return False
        made = skeletons(query, self.frames(task.id, query), label)
        return is_untouched(labelled['shapes'], made)

    def remove_task(self, task: int) -> None:
        """Remove a task and all that belongs to it."""
        self._json('DELETE', f'/api/tasks/{task}')

    def _jobs(self, task: int) -> List[dict]:
        """The jobs of a task in which people label."""
        jobs = self._listed('/api/jobs', task_id=task)
        return [job for job in jobs if job.get('type', 'annotation') == 'annotation']

    def frames(self, task: int, query: Query) -> Dict[int, Frame]:
        """Number of a frame of a task -> image of the query."""
        return frames_of(self._json('GET', f'/api/tasks/{task}/data/meta'), query)

    # ---- images ----------------------------------------------------------------------

    def _upload(self, task: int, query: Query, say: Say) -> None:
        """Upload the images of a query into a task that has none, and wait until it shows them."""
        path, form = f'/api/tasks/{task}/data/', dict(image_quality=str(QUALITY))
        self._json('POST', path, headers={'Upload-Start': 'true'})
        count = 0
        for part in _by_size(query):
            files = {
                f'client_files[{place}]': (image['name'], content)
                for place, (image, content) in enumerate(part)
            }
            headers = {'Upload-Multiple': 'true'}
            self._json('POST', path, headers=headers, data=form, files=files)
            count += len(part)
            if count < len(query.images):
                say(f'{count} of {len(query.images)} images are uploaded')
        headers = {'Upload-Finish': 'true'}
        self._wait(self._json('POST', path, headers=headers, json=dict(image_quality=QUALITY)), say)

    def _use_share(self, task: int, query: Query, prefix: str) -> None:
        """Have a task show images that the server has."""
        plain = query.content['image_files'] == 'none'
        folder = '' if plain else f'{Paths("").query(query.round)}/images/'
        names = [f'{prefix}{folder}{image["name"]}' for image in query.images.values()]
        content = dict(
            image_quality=QUALITY, server_files=names, sorting_method='predefined', use_cache=True
        )
        self._wait(self._json('POST', f'/api/tasks/{task}/data/', json=content), lambda line: None)

    def _wait(self, answer: Any, say: Say) -> None:
        """Wait until the server has done what it calls a request."""
        number = answer.get('rq_id') if isinstance(answer, dict) else None
        if number is None:
            raise ServerError(
                f'{self.url}: CVAT {self.version} does not say when images are ready. Update it to '
                '2.17 or later'
            )
        pause, told = WAIT[0], time.monotonic()
        while True:
            request = self._json('GET', f'/api/requests/{quote(number, safe="")}')
            if request['status'] == 'finished':
                return
            if request['status'] == 'failed':
                raise ServerError(
                    f'{self.url}: CVAT cannot use the images: {short(request.get("message"), 300)}'
                )
            if time.monotonic() - told > 5:
                told = time.monotonic()
                say(f'CVAT prepares the images ({request["status"]})')
            time.sleep(pause)
            pause = min(pause * 1.5, WAIT[1])

    # ---- answers ---------------------------------------------------------------------

    def answers(self, project: int, queries: Sequence[Query]) -> Tuple[str, Any]:
        """See :meth:`AnnotationServer.answers`; the content of CVAT's archive.

        Who has answered is the one to whom the job is given. Skeletons of a job that is
        completed count as looked at.
        """
        last = queries[-1]
        label = self._label(project, last)
        known = {query.id: query for query in queries}
        if last.content['image_files'] == 'none':  # names do not tell one query from another
            known = {last.id: last}
        shown: List[Frame] = []
        drawn: List[Tuple[Frame, dict]] = []
        for task in self.tasks(project):
            if task.query not in known or not task.whole:
                continue
            frames = self.frames(task.id, known[task.query])
            labelled = self._json('GET', f'/api/tasks/{task.id}/annotations/')
            parts = map(_part, self._jobs(task.id))
            shown += frames.values()
            drawn += coco_annotations(labelled, frames, parts, label)
        return 'cvat', coco_document(last.joints, shown, drawn)


def _project(entry: Dict[str, Any], joints: List[str]) -> Project:
    """A project as the server tells it."""
    return Project(entry['id'], entry['name'], joints, (entry.get('tasks') or {}).get('count') or 0)


def _name(title: str, mark: str) -> str:
    """A name of a project with its mark, of which nothing is cut off."""
    return f'{title[: TITLE - len(mark) - 3]} ({mark})'


def _part(job: Dict[str, Any]) -> Part:
    """A job as the server tells it."""
    by = (job.get('assignee') or {}).get('username')
    return Part(job['start_frame'], job['stop_frame'], by, job['state'] == 'completed')


def _by_size(query: Query) -> Iterable[List[Tuple[dict, bytes]]]:
    """Images and their content, in parts that a request may have."""
    part: List[Tuple[dict, bytes]] = []
    size = 0
    for image in query.images.values():
        content = read_bytes(query.image_to_give(image))
        if part and (len(part) == FILES or size + len(content) > BYTES):
            yield part
            part, size = [], 0
        part.append((image, content))
        size += len(content)
    if part:
        yield part
