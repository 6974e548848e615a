"""Commands of ``mmpose-al`` in this process."""

import functools
import io
import sys
from contextlib import redirect_stderr
from types import SimpleNamespace

from mmpose_al.cli import main as cli


def command(name, *words, **more):
    """Run a command, such as ``'convert videos'``.

    Args:
        name (str): Its name.
        words: Its arguments, made text.
        more: Arguments of the module's ``run`` that no user gives, a detector say.

    Raises:
        SystemExit: It failed; with what it wrote to stderr.
    """
    module = cli._module(name)
    if more:
        module = SimpleNamespace(**vars(module))
        module.run = functools.partial(module.run, **more)
    shown = f'mmpose-al {name}'
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            status = cli.run_command(cli.Command(module, name, shown, shown), list(map(str, words)))
    finally:
        sys.stderr.write(said.getvalue())
    if status:
        raise SystemExit(said.getvalue())
