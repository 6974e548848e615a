"""Paths that a query and the state hold, where the folder was moved or copied since.

They are noted as they were, with the folder of the experiment as it was then. What lay beside or
above the experiment has moved with it if it lies in the same place from there; else it is where
it was. The pool decides: it is known by its digest.
"""

import os.path as osp
from typing import Any, Dict

from ..fileio import sha256


def relocated(content: Dict[str, Any], folder: str) -> Dict[str, Any]:
    """What a query or the state holds, with its paths as they are now.

    Args:
        content (dict): With ``pool`` (``file``, ``sha256``), and perhaps ``folder``, where the
            experiment lay then, ``image_root`` and ``image_folders``.
        folder (str): Where it lies now.

    Returns:
        dict: The same content where nothing has moved, or nobody noted where it lay.
    """
    before, now = content.get('folder'), osp.abspath(folder)
    if not isinstance(before, str) or before == now:
        return content
    pool = content['pool']
    file = carried(pool['file'], before, now)
    if not _is_that_pool(file, pool):
        return content
    found = dict(content, folder=now, pool=dict(pool, file=file))
    if content.get('image_root'):
        found['image_root'] = _where_it_is(content['image_root'], before, now)
    if content.get('image_folders'):
        folders = content['image_folders']
        found['image_folders'] = [_where_it_is(each, before, now) for each in folders]
    return found


def carried(path: str, before: str, now: str) -> str:
    """A path that keeps its place to a folder, which lay somewhere before."""
    return osp.normpath(osp.join(now, osp.relpath(path, before)))


def _where_it_is(path: str, before: str, now: str) -> str:
    moved = carried(path, before, now)
    return moved if osp.exists(moved) else path


def _is_that_pool(file: str, pool: Dict[str, Any]) -> bool:
    """Whether a file is the pool's; one that has changed is, if there is no other."""
    if not osp.isfile(file):
        return False
    return sha256(file) == pool['sha256'] or not osp.isfile(pool['file'])
