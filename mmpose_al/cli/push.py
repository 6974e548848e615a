"""Put the open query into a project of a Label Studio or CVAT server.

    export LABEL_STUDIO_URL=http://127.0.0.1:8080 LABEL_STUDIO_API_KEY=...
    mmpose-al push WORK_DIR
    mmpose-al pull WORK_DIR

For CVAT the variables are CVAT_URL and CVAT_ACCESS_TOKEN, and CVAT_ORGANIZATION for a project of
an organization. Images and tasks are uploaded as far as they are not there: after a failure, do
the same again. The next rounds go into the same project. The token is the access token of your
account; it is read from the environment, and written nowhere.

Exit status: 0, or 1 where the server cannot be used.
"""

import argparse
import os
import os.path as osp
from typing import TYPE_CHECKING, Optional

from ..active_learning.servers.tools import TOOLS, chosen_tool
from .options import positive, positive_number

if TYPE_CHECKING:
    from ..active_learning.servers import AnnotationServer

HELP = 'put the open query into a Label Studio or CVAT project'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('work_dir', help='of the experiment')
    add_server(parser)
    parser.add_argument(
        '--project',
        help='number of a project to use, or new; default: that of the rounds before, else a new '
        'one',
    )
    parser.add_argument(
        '--prefix',
        help='upload no images: the server has them, at this and their paths, such as '
        '/data/local-files/?d=',
    )
    parser.add_argument(
        '--job-size',
        type=positive,
        metavar='IMAGES',
        help='CVAT: so many images are a job, which is given to one person; default: all',
    )


def add_server(parser: argparse.ArgumentParser) -> None:
    """Where the server is."""
    parser.add_argument(
        '--tool',
        choices=list(TOOLS),
        help='whose server it is; default: that whose variables are set, else the one before',
    )
    parser.add_argument(
        '--url',
        help=f'of the server; default: {" or ".join(tool.url for tool in TOOLS.values())} of the '
        'environment, else the one before',
    )
    parser.add_argument(
        '--timeout',
        type=positive_number,
        default=120.0,
        metavar='SECONDS',
        help='that the server may be silent; default: 120',
    )


def run(args: argparse.Namespace) -> int:
    """Push, and say what was done."""
    from ..active_learning.servers import Handing, push
    from ..command_line import command_line

    work_dir = osp.abspath(args.work_dir)
    server = connect(work_dir, args.url, args.timeout, args.tool)
    how = Handing(args.prefix, args.job_size, lambda line: print(line, flush=True))
    done = push(work_dir, server, args.project, how)
    sent = done.sent
    print(
        f'round {done.round}: {sent.added} tasks and {sent.uploaded} images are new in '
        f'{"the new project" if done.created else "project"} {done.project}, {sent.there} tasks '
        'were there'
    )
    if sent.removed:
        print(
            f'{sent.removed} tasks of earlier rounds that nobody had begun are removed; their '
            'persons are back in the pool'
        )
    print(f'label at\n    {done.address}\nthen\n    {command_line("pull", work_dir)}')
    return 0


def connect(
    work_dir: str, url: Optional[str], timeout: float, tool: Optional[str] = None
) -> 'AnnotationServer':
    """The server that the command, the environment or the push before names.

    Raises:
        ValueError: None does, there is no token, or the server cannot be used.
    """
    from ..active_learning.experiment import open_query
    from ..active_learning.servers.exchange import load_link

    open_query(work_dir)  # before anything is asked of a server
    link = load_link(work_dir)
    tool = tool or chosen_tool(link.tool if link else None)
    known = TOOLS[tool]
    url = url or os.environ.get(known.url) or (link.url if link and link.tool == tool else None)
    if not url:
        others = [each.url for name, each in TOOLS.items() if name != tool]
        raise ValueError(
            f'which server? Give --url, or set {known.url}, such as http://127.0.0.1:8080; for '
            f'another tool {" or ".join(others)}'
        )
    token = (os.environ.get(known.token) or '').strip()
    if not token:
        raise ValueError(
            f'no token: set {known.token} to the access token of your account ({known.where})'
        )
    return known.connect(url, token, timeout)
