"""Processes that end with the one that started them, whatever ends it."""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """In a new process: ask Linux for SIGTERM when the process that started it ends.

    On other systems nothing is done. SIGTERM ends the process at once, whatever a handler that
    it has from its parent would do.
    """
    if sys.platform == 'linux':
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
