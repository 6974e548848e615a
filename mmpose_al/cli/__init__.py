"""The command line, ``mmpose-al``: one file a command.

A command is a module of this package, ``pseudo-labels`` is ``pseudo_labels.py``, with

- ``HELP: str``, one line for ``mmpose-al --help``; the module's docstring is what the
  command's own ``--help`` says;
- ``add_arguments(parser) -> None``;
- ``run(args) -> int``, the exit status.

What takes long to import is imported inside functions. A command that reads configs or
builds from registries calls :func:`mmpose_al.register` first. A package with ``COMMANDS``
instead of ``run`` is a group of commands, as ``convert``. New commands are listed in
``main.GROUPS``.
"""
