"""A project folder as it is read: where its files are, and its newest model.

PROJECT/project.json     what it is (below), written last
PROJECT/metainfo.py      joints, pairs, skeleton, sigmas; people may edit it
PROJECT/pool.json        the pool, in the multi-view format
PROJECT/images/          links to folders of images, and frames of videos
PROJECT/configs/         a few lines each over the package's own
PROJECT/work_dirs/       what is trained
"""

import ast
import glob
import os
import os.path as osp
import re
import time
from typing import NamedTuple, Optional, Sequence, Tuple

from ..active_learning.paths import Paths
from ..checkpoint_files import noted
from ..fileio import FileError, read_json

FORMAT, VERSION = 'mmpose_al-project', 1
NAME = 'project.json'
STAMP = re.compile(r'\d{8}_\d{6}')  # when a run of MMEngine began, the name of its folder of logs
PLAIN = (  # what data are made of
    ast.Constant, ast.Dict, ast.List, ast.Tuple, ast.Set, ast.keyword, ast.Name, ast.expr_context,
    ast.UnaryOp, ast.unaryop,
)  # fmt: skip


class ProjectError(FileError):
    """A folder is no project, or lacks something. The message says what to do."""


class Project(NamedTuple):
    """Where the files of a project are; all paths are absolute.

    Attributes:
        folder (str): Of the project.
        kind (str): What it was made of: ``'images'``, ``'deeplabcut'``, ...
        config (str): Of the newest trained network, as its run wrote it down; without one,
            the config that the project trains first.
        metainfo (str): Joints, pairs, skeleton and sigmas, in MMPose's form.
        pool (str): The annotation file.
        images (str): Folder that the pool's file names start from.
        checkpoint (str, optional): Of the newest trained network; None without.
        content (dict): What ``project.json`` holds.
    """

    folder: str
    kind: str
    config: str
    metainfo: str
    pool: str
    images: str
    checkpoint: Optional[str]
    content: dict


def is_project(folder: str) -> bool:
    """Whether a folder holds a project."""
    return osp.isfile(osp.join(folder, NAME))


def open_project(folder: str) -> Project:
    """The paths of a project.

    The latest checkpoint of the training under ``work_dirs`` that began last is the project's
    model, whether of an ordinary run or of a round of an experiment. ``checkpoint`` in
    ``project.json`` names another one.

    Raises:
        ProjectError: The folder is no project, or a file that it names is not there.
    """
    folder = osp.abspath(folder)
    path = osp.join(folder, NAME)
    try:
        content = read_json(path)
    except (FileNotFoundError, NotADirectoryError):
        raise ProjectError(
            f'{folder}: is no project, it holds no {NAME}. Make one: mmpose-al new {folder} SOURCE'
        ) from None
    if not isinstance(content, dict) or content.get('format') != FORMAT:
        raise ProjectError(f'{path}: is not of a project. Make it again: mmpose-al new')
    if content.get('version') != VERSION:
        raise ProjectError(
            f'{path}: field "version": is {content.get("version")!r}, this reader knows '
            f'{VERSION}. Update mmpose_al.'
        )
    paths = {key: _path(folder, content, key) for key in ('config', 'metainfo', 'pool', 'images')}
    chosen = content.get('checkpoint')
    checkpoint = _path(folder, content, 'checkpoint') if chosen else newest_checkpoint(folder)
    if checkpoint is not None:
        paths['config'] = config_beside(checkpoint) or paths['config']
    return Project(folder, content.get('kind', ''), checkpoint=checkpoint, content=content, **paths)


def _path(folder: str, content: dict, key: str) -> str:
    """The path that an entry of ``project.json`` names; it is there."""
    name = content.get(key)
    path = osp.join(folder, name) if isinstance(name, str) else ''
    if not name or not osp.exists(path):
        raise ProjectError(
            f'{osp.join(folder, NAME)}: field "{key}": is {name!r}, which is not there. Put it '
            'back, or complete the project with the same `mmpose-al new`.'
        )
    return path


def newest_checkpoint(folder: str) -> Optional[str]:
    """The checkpoint of the training below ``work_dirs`` that began last; None without."""
    folders = glob.glob(osp.join(glob.escape(folder), 'work_dirs', '*'))
    found = [noted(each) or latest_of_rounds(each) for each in folders]
    return max((path for path in found if path is not None), key=_begun, default=None)


def _begun(checkpoint: str) -> Tuple[str, int]:
    """When a training began, of one of its checkpoints, and when that was written.

    Its folders of logs are called after the time. Times of files are others in a copy of the
    project, and may lead to another network there.
    """
    written = os.stat(checkpoint).st_mtime_ns
    names = [name for name in os.listdir(osp.dirname(checkpoint)) if STAMP.fullmatch(name)]
    unknown = time.strftime('%Y%m%d_%H%M%S', time.localtime(written // 10**9))
    return max(names, default=unknown), written


def latest_of_rounds(experiment: str) -> Optional[str]:
    """The checkpoint of the last training of an experiment's last round; None without.

    Rounds are told by their numbers: a copy of the folder may have other times, and so has a
    clock that was set back.
    """
    found = [path for path in map(noted, Paths(experiment).trainings()) if path is not None]
    return found[-1] if found else None


def newest(paths: Sequence[str]) -> Optional[str]:
    """The file that was written last; None without."""
    return max(paths, key=lambda path: (os.stat(path).st_mtime_ns, path)) if paths else None


def config_beside(checkpoint: str) -> Optional[str]:
    """The config that a run wrote beside its checkpoint; the newest, if there are several.

    What a run writes is data. Other Python files are not looked at: reading one runs it.
    """
    there = glob.glob(osp.join(glob.escape(osp.dirname(checkpoint)), '*.py'))
    return newest([path for path in there if is_plain_config(path)])


def is_plain_config(path: str) -> bool:
    """Whether a Python file does nothing but give names to data, as MMEngine writes configs."""
    try:
        with open(path, encoding='utf-8') as file:
            statements = ast.parse(file.read()).body
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    for statement in statements:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue  # a docstring
        if not isinstance(statement, ast.Assign):
            return False
        if not all(isinstance(target, ast.Name) for target in statement.targets):
            return False
        for node in ast.walk(statement.value):
            if isinstance(node, ast.Call):
                if not isinstance(node.func, ast.Name) or node.func.id != 'dict':
                    return False
            elif not isinstance(node, PLAIN):
                return False
    return True
