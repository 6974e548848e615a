"""``push`` and ``pull``: the open query to a server of an annotation tool, and its answers back.

One project of the tool takes the queries of all rounds. Which one it is stands in
``labelling/server_project.json``, with a key that a text of the project has, too. The key is
written before there is a project, and what is there already is asked of the server. So a push
that was killed at any moment is simply done again.
"""

import os.path as osp
import re
import uuid
from contextlib import ExitStack
from tempfile import TemporaryDirectory
from typing import Any, ContextManager, NamedTuple, Optional, Tuple

from ...command_line import command_line
from ...fileio import locked, parse_json, read_checked, short, write_json
from ..answers import Ingested, ingest
from ..experiment import open_query
from ..formats import AnswerError, NothingNew
from ..paths import Paths
from ..query import Query, load_queries
from .base import AnnotationServer, Handing, Project, Sent
from .connection import ServerError, checked_url

NEW = 'new'
FIRST_TOOL = 'label_studio'  # of links that name none
MARK = re.compile(r'mmpose_al experiment ([0-9a-f]{12})')


class Pushed(NamedTuple):
    """What a push has done.

    Attributes:
        round (int): Of the query.
        project (int): Where its tasks are.
        created (bool): Whether the project is new.
        address (str): Of the project, for a browser.
        sent (Sent): What became of the query.
    """

    round: int
    project: int
    created: bool
    address: str
    sent: Sent


class Link(NamedTuple):
    """Which project of which server is that of an experiment.

    Attributes:
        url (str): Of the server.
        key (str): What a text of the project has, 12 hexadecimal digits.
        project (int, optional): None until it is there.
        tool (str): Whose server it is.
    """

    url: str
    key: str
    project: Optional[int] = None
    tool: str = FIRST_TOOL


def push(
    work_dir: str, server: AnnotationServer, project: Optional[str] = None, how: Handing = Handing()
) -> Pushed:
    """Put the open query into the experiment's project, as far as it is not there.

    Tasks of earlier rounds that nobody has begun are removed: their persons are back in the
    pool.

    Args:
        work_dir (str): Of the experiment.
        server (AnnotationServer): Where to.
        project (str, optional): Number of a project to use, or ``'new'``; default: that of
            the rounds before, else a new one.
        how (Handing): How it is handed out.

    Raises:
        ServerError: The server refuses something, or the project is another one's.
        ValueError: No query is open.
        OSError: An image cannot be read.
    """
    query = open_query(work_dir)
    if how.prefix is None and query.content['image_files'] == 'none':
        raise ValueError(
            "the experiment hands out no images (images='none'). Say with --prefix where the "
            'server has them; what follows it is their name in the pool'
        )
    earlier = [each for each in load_queries(work_dir) if each.id != query.id]
    with _alone(Paths(work_dir).push_lock):
        entry, created = find_project(work_dir, server, query, project)
        sent = server.send(entry.id, query, earlier, how)
    return Pushed(query.round, entry.id, created, server.address(entry.id), sent)


def pull(
    work_dir: str,
    server: AnnotationServer,
    project: Optional[str] = None,
    dry_run: bool = False,
    **rules: Any,
) -> Ingested:
    """Take what people have answered in the experiment's project.

    Args:
        work_dir (str): Of the experiment.
        server (AnnotationServer): Where from.
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
    with ExitStack() as stack:
        if not dry_run:  # before: another pull could take newer answers, which these would replace
            stack.enter_context(_alone(Paths(work_dir).push_lock))
        server.project(number)
        form, content = server.answers(number, load_queries(work_dir))
        folder = stack.enter_context(TemporaryDirectory()) if dry_run else work_dir
        path = Paths(folder).pulled_answers(query.round, server.tool)
        write_json(path, content, None)
        try:
            return ingest(work_dir, path, form, dry_run=dry_run, repeats=False, **rules)
        except NothingNew as error:
            raise AnswerError(
                f'project {number} of {server.url}: {error.why}. Label and submit tasks there, '
                'and pull again'
            ) from None


def _alone(path: str) -> ContextManager[None]:
    """No other push and no other pull of this experiment at the same time."""
    runs = ServerError('another push or pull of this experiment runs; wait for its end')
    return locked(path, wait=False, held=runs)


# ---- the project -----------------------------------------------------------------


def load_link(work_dir: str) -> Optional[Link]:
    """Which project is that of an experiment; None where nothing was pushed.

    Raises:
        ValueError: The file cannot be read.
    """
    path = Paths(work_dir).server_project
    if not osp.exists(path):
        return None
    try:
        content = parse_json(read_checked(path), path)
        tool = content.get('tool', FIRST_TOOL)
        link = Link(content['url'], content['key'], content['project'], tool)
        checked_url(link.url)
        if not re.fullmatch('[0-9a-f]{12}', link.key):
            raise ValueError(f'key {short(link.key)}')
        return link
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path} does not say which project it is ({error}). Remove it, and push with '
            '--project NUMBER'
        ) from error


def save_link(work_dir: str, link: Link) -> None:
    """Note which project is that of an experiment."""
    write_json(Paths(work_dir).server_project, link._asdict(), checked=True)


def find_project(
    work_dir: str, server: AnnotationServer, query: Query, project: Optional[str] = None
) -> Tuple[Project, bool]:
    """The experiment's project on a server, made where it is not there.

    Args:
        work_dir (str): Of the experiment.
        server (AnnotationServer): The server.
        query (Query): Whose joints it has.
        project (str, optional): See :func:`push`.

    Returns:
        tuple: The project, and whether it was made now.

    Raises:
        ServerError: It is not there, or a project of something else.
    """
    link, number = load_link(work_dir), _number(project)
    if link is None or link.url != server.url or project == NEW:
        link = Link(server.url, uuid.uuid4().hex[:12], None, server.tool)
        if number is None:
            save_link(work_dir, link)  # before the project is there
    if number is None and link.project is None:
        number = _with_mark(server, link.key)
    chosen = number if number is not None else link.project
    if chosen is None:
        title = f'mmpose_al: {osp.basename(osp.abspath(work_dir))}'
        entry = server.create_project(title, _mark(link.key), query)
    else:
        entry = server.project(chosen)
        link = _adopt(work_dir, server, entry, query, link)
    save_link(work_dir, link._replace(project=entry.id))
    return entry, chosen is None


def _number(project: Optional[str]) -> Optional[int]:
    """The number that somebody gave for a project; None for none, and for a new one."""
    if project is None or project == NEW:
        return None
    if not re.fullmatch('[0-9]{1,18}', project):
        raise ServerError(
            f'--project is {short(project)}; give the number that its address has, or {NEW}'
        )
    return int(project)


def _with_mark(server: AnnotationServer, key: str) -> Optional[int]:
    """The project that a push has made which was killed before it could note it."""
    return next((p.id for p in server.projects() if _mark(key) in p.text), None)


def _mark(key: str) -> str:
    return f'mmpose_al experiment {key}'


def _adopt(
    work_dir: str, server: AnnotationServer, entry: Project, query: Query, link: Link
) -> Link:
    """Make sure that a project is this experiment's, or that of nobody yet, and take it.

    Raises:
        ServerError: It is that of something else.
    """
    where = f'{server.url}: project {entry.id}'
    marked = MARK.search(entry.text)
    if marked and marked.group(1) != link.key:
        own = {each.id for each in load_queries(work_dir)}
        if own.isdisjoint(server.asked_in(entry.id)):
            raise ServerError(
                f'{where} is that of another experiment. Give another --project, or --project new'
            )
        link = link._replace(key=marked.group(1))
    lacking = sorted(set(query.joints) - set(entry.joints))
    if lacking and entry.tasks:
        raise ServerError(
            f'{where} is one of something else: it has {entry.tasks} tasks, and its '
            f'labelling interface has no {", ".join(lacking[:5])}. Give another --project, '
            'or --project new'
        )
    if lacking or not marked:
        mark = None if marked else _mark(link.key)
        server.change_project(entry, mark, query if lacking else None)
    return link
