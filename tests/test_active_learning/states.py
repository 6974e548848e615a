"""States of experiments that a test changes."""

from mmpose_al.active_learning.state import WritableState


def writable(state):
    """A state as the one who runs the experiment holds it."""
    return WritableState(state.folder, state.content)
