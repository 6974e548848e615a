"""Paths of a query and a state in a folder that was moved or copied."""

import os.path as osp
import shutil

import pytest

from mmpose_al.active_learning.moved import carried, relocated
from mmpose_al.fileio import make_folder, sha256, write_bytes


@pytest.fixture
def project(tmp_path):
    """A project as it was noted, and a copy of it."""
    home = tmp_path / 'old'
    write_bytes(str(home / 'pool.json'), b'{}')
    make_folder(str(home / 'images'))
    make_folder(str(home / 'work_dirs' / 'a'))
    shutil.copytree(str(home), str(tmp_path / 'new'))
    content = dict(
        folder=str(home / 'work_dirs' / 'a'),
        pool=dict(file=str(home / 'pool.json'), sha256=sha256(b'{}'), units=3),
        image_root=str(home / 'images'),
        image_folders=[str(home / 'images'), str(tmp_path / 'elsewhere')],
        id=7,
    )
    return content, tmp_path


def test_what_lies_beside_the_experiment_moves_with_it(project):
    content, root = project
    now = str(root / 'new' / 'work_dirs' / 'a')
    assert relocated(content, now) == dict(
        folder=now,
        pool=dict(file=str(root / 'new' / 'pool.json'), sha256=sha256(b'{}'), units=3),
        image_root=str(root / 'new' / 'images'),
        image_folders=[str(root / 'new' / 'images'), str(root / 'elsewhere')],
        id=7,
    )
    bare = {key: content[key] for key in ('folder', 'pool')}  # of a state
    assert set(relocated(bare, now)) == {'folder', 'pool'}


def test_what_does_not_lie_there_is_where_it_was(project):
    content, root = project
    alone = str(root / 'deeper' / 'than' / 'that' / 'a')
    assert relocated(content, alone) is content
    assert relocated(content, content['folder']) is content
    older = {key: value for key, value in content.items() if key != 'folder'}
    assert relocated(older, alone) is older
    shutil.rmtree(str(root / 'new' / 'images'))
    found = relocated(content, str(root / 'new' / 'work_dirs' / 'a'))
    assert found['image_root'] == content['image_root']


def test_another_pool_in_that_place_is_not_taken(project):
    content, root = project
    now = str(root / 'new' / 'work_dirs' / 'a')
    write_bytes(str(root / 'new' / 'pool.json'), b'[]')
    assert relocated(content, now) is content
    shutil.rmtree(str(root / 'old'))  # then it is the one that has changed
    assert relocated(content, now)['pool']['file'] == str(root / 'new' / 'pool.json')


def test_a_path_keeps_its_place():
    assert carried('/p/pool.json', '/p/w/a', '/q/w/a') == osp.join('/q', 'pool.json')
    assert carried('/p/w/a/x', '/p/w/a', '/q') == osp.join('/q', 'x')
