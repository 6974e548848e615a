"""What ``push`` and ``pull`` ask of the server of an annotation tool."""

from typing import Any, Callable, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..query import Query
from .connection import Connection

Say = Callable[[str], None]


class Project(NamedTuple):
    """A project of an annotation tool.

    Attributes:
        id (int): On the server.
        text (str): A text of it that people see, in which a mark may be.
        joints (list[str]): What can be labelled there; empty where it is something else.
        tasks (int): How many it has.
    """

    id: int
    text: str
    joints: List[str]
    tasks: int


class Sent(NamedTuple):
    """What became of a query on a server.

    Attributes:
        added, there (int): Tasks that were added, and that were there already.
        uploaded (int): Images.
        removed (int): Tasks of earlier rounds that nobody had begun.
    """

    added: int
    there: int
    uploaded: int
    removed: int


class Handing(NamedTuple):
    """How a query is handed out.

    Attributes:
        prefix (str, optional): The server has the images, at this and their paths. None: they
            are uploaded.
        job_size (int, optional): Images that one person is given at once; None: as the tool
            does it.
        say (callable): Takes lines about progress.
    """

    prefix: Optional[str] = None
    job_size: Optional[int] = None
    say: Say = print


class AnnotationServer:
    """An account on the server of an annotation tool.

    Attributes:
        tool (str): As commands and files name it.
        name (str): As people name it.
        connection (Connection): To the server.
    """

    tool: str = ''
    name: str = ''
    connection: Connection

    @property
    def url(self) -> str:
        return self.connection.url

    def address(self, project: int) -> str:
        """Of a project, for a browser."""
        raise NotImplementedError

    def projects(self) -> Iterator[Project]:
        """The projects that the account may see."""
        raise NotImplementedError

    def project(self, number: int) -> Project:
        """A project.

        Raises:
            ServerError: It is not there, or the account may not see it.
        """
        raise NotImplementedError

    def create_project(self, title: str, mark: str, query: Query) -> Project:
        """Make a project in which the joints of a query can be labelled."""
        raise NotImplementedError

    def change_project(
        self, project: Project, mark: Optional[str] = None, query: Optional[Query] = None
    ) -> None:
        """Add a mark to a project's text, and have it label the joints of a query."""
        raise NotImplementedError

    def asked_in(self, project: int) -> Iterator[str]:
        """Ids of the queries that have tasks in a project; one may come several times."""
        raise NotImplementedError

    def send(self, project: int, query: Query, earlier: Sequence[Query], how: Handing) -> Sent:
        """Have the tasks of a query in a project, as far as they are not there.

        Args:
            project (int): Its number.
            query (Query): The query.
            earlier (Sequence[Query]): Those before it; their tasks are removed where nobody has
                begun them.
            how (Handing): How it is handed out.

        Raises:
            ServerError: The server refuses something.
            OSError: An image cannot be read.
        """
        raise NotImplementedError

    def answers(self, project: int, queries: Sequence[Query]) -> Tuple[str, Any]:
        """What people have answered in a project.

        Args:
            project (int): Its number.
            queries (Sequence[Query]): Of the experiment, by round.

        Returns:
            tuple: Name of the annotation format, and a file of that format as JSON.
        """
        raise NotImplementedError


def in_parts(entries: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    """Entries in parts of at most ``size``, for requests that the server may take."""
    return (entries[start : start + size] for start in range(0, len(entries), size))
