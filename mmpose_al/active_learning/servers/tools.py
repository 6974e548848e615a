"""The annotation tools whose servers ``push`` and ``pull`` know, and which one is meant."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Dict, NamedTuple, Optional

if TYPE_CHECKING:
    from .base import AnnotationServer


class Tool(NamedTuple):
    """An annotation tool with a server.

    Attributes:
        module, server (str): Where the class of its server is.
        url, token (str): Variables of the environment.
        where (str): Where a person gets a token.
    """

    module: str
    server: str
    url: str
    token: str
    where: str

    def connect(self, url: str, token: str, timeout: float) -> 'AnnotationServer':
        """An account on a server of this tool.

        Raises:
            ServerError: It cannot be used.
        """
        module = import_module(f'{__package__}.{self.module}')
        return getattr(module, self.server)(url, token, timeout)


#: By name; the first is taken where nothing says which.
TOOLS: Dict[str, Tool] = dict(
    label_studio=Tool(
        'label_studio',
        'LabelStudioServer',
        'LABEL_STUDIO_URL',
        'LABEL_STUDIO_API_KEY',
        'in Label Studio: Account & Settings, Personal Access Token',
    ),
    cvat=Tool(
        'cvat', 'CvatServer', 'CVAT_URL', 'CVAT_ACCESS_TOKEN', 'in CVAT: your profile, Security'
    ),
)


def chosen_tool(before: Optional[str] = None) -> str:
    """Name of the tool whose variables are set, or of that of the push before.

    Args:
        before (str, optional): The tool of the push before.

    Raises:
        ValueError: Variables of several are set, and nothing was pushed.
    """
    given = [
        name
        for name, tool in TOOLS.items()
        if os.environ.get(tool.url) or os.environ.get(tool.token)
    ]
    if len(given) == 1:
        return given[0]
    if before in TOOLS:
        return str(before)
    if given:
        raise ValueError(f'variables of {" and ".join(given)} are set; say which with --tool')
    return next(iter(TOOLS))
