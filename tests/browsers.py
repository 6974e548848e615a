"""A Chromium for the tests of pages, where this machine has one; nothing is downloaded.

Any of its kin will do: the system's, or the one in the cache of the package playwright
(``playwright install chromium`` puts one there). ``TEST_BROWSER`` names another.
"""

import glob
import os
import os.path as osp
import shutil
from typing import Optional

NAMES = (
    'chromium',
    'chromium-browser',
    'google-chrome',
    'google-chrome-stable',
    'chrome',
    'headless_shell',
    'msedge',
    'microsoft-edge',
)
CACHES = ('~/.cache/ms-playwright', '~/Library/Caches/ms-playwright')
IN_CACHE = (
    'chromium*/chrome-linux*/chrome',
    'chromium*/chrome-linux*/headless_shell',
    'chromium*/chrome-headless-shell*/chrome-headless-shell',
    'chromium*/chrome-mac*/*.app/Contents/MacOS/*',
)
NONE = (
    f'there is no browser here: none of {", ".join(NAMES)}, none in the cache of playwright, and '
    'TEST_BROWSER names none'
)


def find_chromium() -> Optional[str]:
    """Path of a browser; None where there is none."""
    named = os.environ.get('TEST_BROWSER')
    if named:
        return shutil.which(named)
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return found or next(iter(_cached()), None)


def _cached():
    own = os.environ.get('PLAYWRIGHT_BROWSERS_PATH')
    for folder in filter(None, (own, *CACHES)):
        for pattern in IN_CACHE:
            yield from sorted(glob.glob(osp.join(osp.expanduser(folder), pattern)), reverse=True)
