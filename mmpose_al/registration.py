"""Registering the package's types, at import or, in a command, when they are needed.

``import mmpose_al`` registers all of them: under MMPose's and MMEngine's launchers, in
notebooks and wherever else a config says ``custom_imports = dict(imports=['mmpose_al'])``.
That loads PyTorch and MMPose and takes seconds. A process that was started as the command
line would wait for them even where it only looks into a folder, so there the import is
light, and the commands that read configs or build from registries call :func:`register`.
"""

import os.path as osp
import sys
from importlib import import_module
from typing import Any, Mapping

from .lazy import load_all

# Rooms that define registered types. Importing their public names registers these.
ROOMS = ('active_learning', 'datasets', 'engine', 'evaluation', 'models')
COMMAND = 'mmpose-al'
PACKAGE = osp.dirname(osp.realpath(__file__))


def register() -> None:
    """Register all types; calling it again changes nothing.

    Also names the scope ``mmpose_al`` to MMEngine, and allow-lists the harmless types that
    an MMEngine checkpoint holds, so that ``--resume`` works on torch >= 2.6.
    """
    import_module('mmpose_al.registry')
    for room in ROOMS:
        load_all(import_module(f'mmpose_al.{room}'))
    import_module('mmpose_al.apis.checkpoints').allow_mmengine_checkpoints()


def import_custom_modules(config: Mapping[str, Any]) -> None:
    """Import what a config's ``custom_imports`` names besides this package.

    Where there is something, all types of the package are registered first, since it may
    build on them.

    Args:
        config (Mapping): Read with ``import_custom_modules=False``.

    Raises:
        ImportError: A module is not there.
    """
    imports = config.get('custom_imports') or {}
    names = imports.get('imports') or []
    names = [names] if isinstance(names, str) else list(names)
    others = [name for name in names if name != __package__]
    if others:
        from mmengine.utils import import_modules_from_strings

        register()
        import_modules_from_strings(
            others, allow_failed_imports=imports.get('allow_failed_imports', False)
        )


def is_command_line() -> bool:
    """Whether this process is ``mmpose-al``, ``python -m mmpose_al``, or a file of tools/ or
    demo/, and no worker of one."""
    if 'multiprocessing.spawn' in sys.modules:
        return False  # a spawned worker, which builds what its parent had registered
    script = sys.argv[0] if getattr(sys, 'argv', None) else ''
    if script == '-m':  # while Python looks for the module; from 3.10 on it says for which
        words = getattr(sys, 'orig_argv', [])
        return 'mmpose_al' in words[words.index('-m') + 1 :][:1] if '-m' in words else False
    return osp.splitext(osp.basename(script))[0] == COMMAND or is_tool(script)


def is_tool(script: str) -> bool:
    """Whether a script is one of tools/ or demo/, in a clone or beside the installed package."""
    script = osp.realpath(script)
    root = osp.dirname(PACKAGE)
    roots = [osp.join(PACKAGE, '.mim')]
    if osp.isfile(osp.join(root, 'setup.py')):  # and no site-packages
        roots.append(root)
    return osp.isfile(script) and any(
        script.startswith(osp.join(base, folder) + osp.sep)
        for base in roots
        for folder in ('tools', 'demo')
    )
