"""Where the images of a data set lie, and what keeps its file from showing others."""

import os
import os.path as osp
from typing import Sequence


def image_path(folder: str, name: str) -> str:
    """Path of an image with a ``file_name`` below a folder.

    Backslashes are read as separators where only that file exists, as in files that were
    written on Windows.
    """
    path = osp.join(folder, name)
    if '\\' in name and os.sep != '\\' and '://' not in path and not osp.exists(path):
        other = osp.join(folder, name.replace('\\', '/'))
        if osp.exists(other):
            return other
    return path


def backslash_note(path: str) -> str:
    """What to do where a path that is not there has the separators of Windows."""
    if '\\' not in path or os.sep == '\\':
        return ''
    return (
        '. Its name has backslashes, the separators of Windows, and there is no such file with '
        'slashes either; correct file_name or data_prefix'
    )


def link_note(path: str) -> str:
    """What to do where a path goes through a link that leads nowhere."""
    while path and not osp.lexists(path):
        path = osp.dirname(path)
    if not osp.islink(path) or osp.exists(path):
        return ''
    return (
        f': {path} is a link to {os.readlink(path)}, which is not there. Put it back, or link it '
        'anew (of a project the same `mmpose-al new`, with the place where it is now)'
    )


def image_to_show(folder: str, name: str, allowed: Sequence[str] = ()) -> str:
    """:func:`image_path` of an image that is copied, or shown to others.

    Args:
        folder (str): Where ``file_name`` starts from; ``''`` is the working folder.
        name (str): ``file_name`` of a data set's file.
        allowed (Sequence[str]): Other folders that names and links may lead to.

    Raises:
        ValueError: The name leads outside these folders: it is absolute, or has ``..``, or
            goes through a symbolic link.
    """
    path = image_path(folder, name)
    real = osp.realpath(path)
    if not any(_is_below(real, osp.realpath(each or '.')) for each in (folder, *allowed)):
        way = '' if osp.abspath(path) == real else f', which leads to {real},'
        raise ValueError(
            f'{path}{way} is outside the image folder {folder or os.getcwd()}. What is copied or '
            'shown to others stays inside it; correct file_name, or allow the folder that the '
            'name leads to (image_folders of the FileAnnotator, --image-folder of draw)'
        )
    return path


def _is_below(path: str, folder: str) -> bool:
    try:
        return osp.commonpath([path, folder]) == folder
    except ValueError:  # other drives
        return False
