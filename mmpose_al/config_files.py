"""Where configs are: in the package, ``mmpose_al::semi_supervised/...``, or on the disk.

And what tells one from another.
"""

import os
import os.path as osp
import re
from typing import Any, List, Mapping

from .fileio import sha256

# What may change between two starts of the same training: where and how it runs.
FREE_KEYS = ('work_dir', 'launcher', 'resume', 'log_level', 'model_wrapper_cfg')
PREFIX = 'mmpose_al::'
FOLDER = '{{fileDirname}}'  # what MMEngine puts the folder of a config in the place of
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


def any_folder(text: str) -> str:
    """The text of a config that may lie in a folder of any name, such as ``Bob's``.

    MMEngine puts the name into the text as it is. So strings that begin with it become raw ones
    in three quotes, which a name ends only if it has as many.
    """
    return re.sub(rf"""(['"])({re.escape(FOLDER)}[^'"\\\n]*)\1""", r'r"""\2"""', text)


def config_digest(values: Mapping[str, Any]) -> str:
    """16 hexadecimal digits that stand for the values of a config, whatever their order.

    A tuple counts as a list. How the text is written does not count.
    """
    return sha256(repr(_ordered(values)).encode())[:16]


def _ordered(value: Any) -> Any:
    """A config's value without the order of keys, and a tuple as a list."""
    if isinstance(value, dict):
        pairs: List[tuple] = [(repr(key), _ordered(each)) for key, each in value.items()]
        return sorted(pairs)
    if isinstance(value, (list, tuple)):
        return [_ordered(each) for each in value]
    return repr(value)
