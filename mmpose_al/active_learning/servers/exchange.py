"""``push`` and ``pull``: the open query to a server of an annotation tool, and its answers back.

One project of the tool takes the queries of all rounds. Which one it is stands in
``labelling/server_project.json``, with a key that the project's description has, too. The key is
written before there is a project, and what is there already is asked of the server. So a push
that was killed at any moment is simply done again.
"""

import os.path as osp
import re
import time
import uuid
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)
from xml.etree import ElementTree

from ...command_line import command_line
from ...fileio import locked, read_bytes, read_json, short, write_json
from ..answers import Ingested, ingest
from ..experiment import Experiment, Missing
from ..formats import AnswerError, NothingNew
from ..formats.label_studio import JOINTS, MODEL, label_studio_config, label_studio_tasks
from ..paths import Paths
from ..query import Query, load_queries, train_command
from .connection import ServerError, checked_url
from .label_studio import LabelStudioServer, Task

NEW = 'new'
BATCH = 50  # tasks of a request
PATIENCE = 5.0  # seconds between lines about progress
TITLE = 50  # characters of a project's title that Label Studio takes
MARK = re.compile(r'mmpose_al experiment ([0-9a-f]{12})')

Say = Callable[[str], None]


class Pushed(NamedTuple):
    """What a push has done.

    Attributes:
        round (int): Of the query.
        project (int): Where its tasks are.
        created (bool): Whether the project is new.
        address (str): Of the project, for a browser.
        added, there (int): Tasks that were added, and that were there already.
        uploaded (int): Images.
        removed (int): Tasks of earlier rounds that nobody had begun.
    """

    round: int
    project: int
    created: bool
    address: str
    added: int
    there: int
    uploaded: int
    removed: int


class Link(NamedTuple):
    """Which project of which server is that of an experiment.

    Attributes:
        url (str): Of the server.
        key (str): What the project's description has, 12 hexadecimal digits.
        project (int, optional): None until it is there.
    """

    url: str
    key: str
    project: Optional[int] = None


def push(
    work_dir: str,
    server: LabelStudioServer,
    project: Optional[str] = None,
    prefix: Optional[str] = None,
    say: Say = print,
) -> Pushed:
    """Put the open query into the experiment's project, as far as it is not there.

    Tasks of earlier rounds that nobody has begun are removed: their persons are back in the
    pool.

    Args:
        work_dir (str): Of the experiment.
        server (LabelStudioServer): Where to.
        project (str, optional): Number of a project to use, or ``'new'``; default: that of
            the rounds before, else a new one.
        prefix (str, optional): The server has the images, at this and their paths. Default:
            they are uploaded.
        say (callable): Takes lines about progress.

    Raises:
        ServerError: The server refuses something, or the project is another one's.
        ValueError: No query is open.
        OSError: An image cannot be read.
    """
    query = open_query(work_dir)
    if prefix is None and query.content['image_files'] == 'none':
        raise ValueError(
            "the experiment hands out no images (images='none'). Say with --prefix where the "
            'server has them; what follows it is their name in the pool'
        )
    paths = Paths(work_dir)
    with _alone(paths.push_lock):
        entry, created = find_project(work_dir, server, query, project)
        number = entry['id']
        tasks = list(server.tasks(number))
        there = {task.data.get('annotation_id') for task in tasks if _is_of(task, [query.id])}
        missing = [e for e in query.annotations.values() if e['id'] not in there]
        addresses: Optional[Dict[int, str]] = None
        uploaded = 0
        if prefix is None:
            images = {e['image_id']: query.images[e['image_id']] for e in missing}
            addresses, uploaded = upload(server, number, query, list(images.values()), say)
        given = {e['id'] for e in missing}
        made = label_studio_tasks(query, prefix or '', addresses)
        made = [task for task in made if task['data']['annotation_id'] in given]
        for start in range(0, len(made), BATCH):
            server.add_tasks(number, made[start : start + BATCH])
        show_predictions(server, number, query)
        earlier = [q.id for q in load_queries(work_dir) if q.id != query.id]
        idle = [task.id for task in tasks if _is_of(task, earlier) and not task.touched]
        for task in idle:
            server.remove_task(task)
    return Pushed(
        query.round,
        number,
        created,
        f'{server.url}/projects/{number}/data',
        len(made),
        len(there & set(query.annotations)),
        uploaded,
        len(idle),
    )


def pull(
    work_dir: str,
    server: LabelStudioServer,
    project: Optional[str] = None,
    dry_run: bool = False,
    **rules: Any,
) -> Ingested:
    """Take what people have answered in the experiment's project.

    Args:
        work_dir (str): Of the experiment.
        server (LabelStudioServer): Where from.
        project (str, optional): Number of a project; default: the one that was pushed to.
        dry_run (bool): Check only.
        rules: Of :func:`~mmpose_al.active_learning.answers.ingest`.

    Raises:
        ServerError: The server refuses it, or nothing was pushed.
        AnswerError: Anything is wrong with the answers; nothing was taken.
    """
    query, number = open_query(work_dir), _number(project)
    if number is None:
        link = load_link(work_dir)
        if link is None or link.project is None or link.url != server.url:
            where = '' if link is None or link.url == server.url else f', but to {link.url}'
            raise ServerError(
                f'nothing was pushed to {server.url}{where}. Do\n    '
                f'{command_line("push", work_dir)}\nfirst, or give --project'
            )
        number = link.project
    server.project(number)
    tasks = server.export(number)
    with TemporaryDirectory() as folder:
        path = Paths(folder if dry_run else work_dir).pulled_answers(query.round)
        write_json(path, tasks, None)
        try:
            return ingest(work_dir, path, 'label_studio', dry_run=dry_run, **rules)
        except NothingNew as error:
            raise AnswerError(
                f'project {number} of {server.url}: {error.why}. Label and submit tasks there, '
                'and pull again'
            ) from None


def open_query(work_dir: str) -> Query:
    """The query that answers are taken for.

    Raises:
        Missing: There is none.
    """
    experiment = Experiment(work_dir)
    query = experiment.open_query()
    if query is not None:
        return query
    if experiment.finished is not None:
        raise Missing(f'{work_dir}: no query is open; the experiment is finished')
    raise Missing(f'{work_dir}: no query is open; go on with\n    {train_command(work_dir)}')


def _is_of(task: Task, queries: Sequence[str]) -> bool:
    return task.data.get('query') in queries


@contextmanager
def _alone(path: str) -> Iterator[None]:
    """No other push of this experiment at the same time."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(path, wait=False))
        except BlockingIOError:
            raise ServerError('another push of this experiment runs; wait for its end') from None
        yield


# ---- images ----------------------------------------------------------------------


def upload(
    server: LabelStudioServer, project: int, query: Query, images: Iterable[dict], say: Say
) -> Tuple[Dict[int, str], int]:
    """Upload those images that are not there.

    Returns:
        tuple: Image id -> where a task finds it; and how many were uploaded.

    Raises:
        ServerError: The server does not take one.
        OSError: One cannot be read.
    """
    images = list(images)
    there = server.uploads(project) if images else {}
    missing = [image for image in images if image['name'] not in there]
    told = time.monotonic()
    for count, image in enumerate(missing, 1):
        server.upload(project, image['name'], read_bytes(query.image_to_give(image)))
        if time.monotonic() - told > PATIENCE:
            told = time.monotonic()
            say(f'{count} of {len(missing)} images are uploaded')
    if missing:
        there = server.uploads(project)
    lost = [image['name'] for image in images if image['name'] not in there]
    if lost:
        raise ServerError(
            f'{server.url}: project {project} does not show {len(lost)} of the uploaded images, '
            f'first {lost[0]}. Push again; or have the server serve them, and give --prefix'
        )
    return {image['id']: there[image['name']] for image in images}, len(missing)


# ---- the project -----------------------------------------------------------------


def show_predictions(server: LabelStudioServer, project: int, query: Query) -> None:
    """Have a project show our predictions: it shows those of one version, at first none."""
    predicted = any(each['prediction'] for each in query.annotations.values())
    if predicted and server.project(project).get('model_version') != MODEL:
        server.change_project(project, model_version=MODEL)


def load_link(work_dir: str) -> Optional[Link]:
    """Which project is that of an experiment; None where nothing was pushed.

    Raises:
        ValueError: The file cannot be read.
    """
    path = Paths(work_dir).server_project
    if not osp.exists(path):
        return None
    content = read_json(path)
    try:
        link = Link(content['url'], content['key'], content['project'])
        checked_url(link.url)
        if not re.fullmatch('[0-9a-f]{12}', link.key):
            raise ValueError(f'key {short(link.key)}')
        return link
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path} does not say which project it is ({error}). Remove it, and push with '
            '--project NUMBER'
        ) from error


def save_link(work_dir: str, link: Link) -> None:
    """Note which project is that of an experiment."""
    write_json(Paths(work_dir).server_project, link._asdict())


def find_project(
    work_dir: str, server: LabelStudioServer, query: Query, project: Optional[str] = None
) -> Tuple[Dict[str, Any], bool]:
    """The experiment's project on a server, made where it is not there.

    Args:
        work_dir (str): Of the experiment.
        server (LabelStudioServer): The server.
        query (Query): Whose joints it has.
        project (str, optional): See :func:`push`.

    Returns:
        tuple: The project, and whether it was made now.

    Raises:
        ServerError: It is not there, or a project of something else.
    """
    link, number = load_link(work_dir), _number(project)
    if link is None or link.url != server.url or project == NEW:
        link = Link(server.url, uuid.uuid4().hex[:12])
        if number is None:
            save_link(work_dir, link)  # before the project is there
    if number is None and link.project is None:
        number = _with_mark(server, link.key)
    found = number if number is not None else link.project
    if found is None:
        entry = server.create_project(
            title=f'mmpose_al: {osp.basename(osp.abspath(work_dir))}'[:TITLE],
            description=_mark(link.key),
            label_config=label_studio_config(query),
        )
    else:
        entry = server.project(found)
        link = _adopt(work_dir, server, entry, query, link)
    save_link(work_dir, link._replace(project=entry['id']))
    return entry, found is None


def _number(project: Optional[str]) -> Optional[int]:
    """The number that somebody gave for a project; None for none, and for a new one."""
    if project is None or project == NEW:
        return None
    if not re.fullmatch('[0-9]{1,18}', project):
        raise ServerError(
            f'--project is {short(project)}; give the number that its address has, or {NEW}'
        )
    return int(project)


def _with_mark(server: LabelStudioServer, key: str) -> Optional[int]:
    """The project that a push has made which was killed before it could note it."""
    return next(
        (p['id'] for p in server.projects() if _mark(key) in (p.get('description') or '')), None
    )


def _mark(key: str) -> str:
    return f'mmpose_al experiment {key}'


def _adopt(work_dir: str, server: LabelStudioServer, entry: dict, query: Query, link: Link) -> Link:
    """Make sure that a project is this experiment's, or that of nobody yet, and take it.

    Raises:
        ServerError: It is that of something else.
    """
    where, description = f'{server.url}: project {entry["id"]}', entry.get('description') or ''
    marked = MARK.search(description)
    if marked and marked.group(1) != link.key:
        own = [each.id for each in load_queries(work_dir)]
        if not any(_is_of(task, own) for task in server.tasks(entry['id'])):
            raise ServerError(
                f'{where} is that of another experiment. Give another --project, or --project new'
            )
        link = link._replace(key=marked.group(1))
    lacking = sorted(set(query.joints) - set(joints_of(entry.get('label_config') or '')))
    change: Dict[str, str] = {}
    if lacking:
        if entry.get('task_number'):
            raise ServerError(
                f'{where} is one of something else: it has {entry["task_number"]} tasks, and its '
                f'labelling interface has no {", ".join(lacking[:5])}. Give another --project, '
                'or --project new'
            )
        change['label_config'] = label_studio_config(query)
    if not marked:
        change['description'] = f'{description}\n{_mark(link.key)}'.strip()
    if change:
        server.change_project(entry['id'], **change)
    return link


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
