"""Where configs are: in the package, ``mmpose_al::semi_supervised/...``, or on the disk."""

import os
import os.path as osp
from typing import List

PREFIX = 'mmpose_al::'
PACKAGE = osp.dirname(osp.abspath(__file__))


def config_folder() -> str:
    """The folder of the configs: of the installed package, or of a clone.

    Raises:
        FileNotFoundError: There is none.
    """
    for parent in (osp.join(PACKAGE, '.mim'), osp.dirname(PACKAGE)):
        folder = osp.join(parent, 'configs')
        if osp.isfile(osp.join(folder, '_base_', 'default_runtime.py')):
            return folder
    raise FileNotFoundError(
        f'{PACKAGE}: was installed without its configs; install it from a wheel or a clone'
    )


def list_configs() -> List[str]:
    """Names of all configs but those that are parts of others."""
    folder = config_folder()
    paths = [
        osp.relpath(osp.join(root, name), folder).replace(os.sep, '/')
        for root, _, names in os.walk(folder)
        for name in names
        if name.endswith('.py')
    ]
    return sorted(PREFIX + path for path in paths if '_base_' not in path.split('/'))


def config_path(name: str) -> str:
    """The file of a config.

    Args:
        name (str): A path, or ``mmpose_al::`` and a path in the package's configs.

    Raises:
        FileNotFoundError: There is none; it says how to find one.
    """
    inside = name.startswith(PREFIX)
    path = osp.join(config_folder(), name[len(PREFIX) :]) if inside else name
    if not osp.isfile(path):
        raise FileNotFoundError(
            f'{name}: no such config. Those of the package are listed by '
            f'`mmpose-al configs` and begin with {PREFIX}'
        )
    return path
