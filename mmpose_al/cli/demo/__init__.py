"""Poses of an image or a video, drawn or as JSON."""

HELP = 'poses of an image or a video, drawn or as JSON'
COMMANDS = ('image', 'pose3d')
