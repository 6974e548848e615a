"""``python -m mmpose_al``: the console script ``mmpose-al``."""

import sys

from .cli.main import main

if __name__ == '__main__':
    sys.exit(main())
