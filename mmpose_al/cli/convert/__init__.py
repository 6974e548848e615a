"""Public data sets and own recordings to the multi-view format (docs/multiview_format.md)."""

HELP = 'public data sets and own recordings to the multi-view format'
COMMANDS = ('panoptic', 'interhand', 'h36m', 'mpi-inf-3dhp', 'mannequin', 'videos')
