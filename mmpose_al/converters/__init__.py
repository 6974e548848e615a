"""Public data sets and a user's own rig, to the multi-view format.

One module for each source; each gives tasks (one for each sequence) to
:func:`mmpose_al.converters.common.convert`, which runs, caches, joins,
checks and writes them. Nothing is imported here: the commands in
``mmpose_al.cli.convert`` import what they need. See ``docs/converters.md``.
"""
