import os.path as osp

import pytest
from mmengine.config import Config

from mmpose_al import config_files
from mmpose_al.config_files import (
    any_folder,
    config_digest,
    config_folder,
    config_path,
    list_configs,
)


def test_names_of_the_package_are_files_and_no_parts_of_others():
    names = list_configs()
    assert len(names) > 50 and all(name.startswith('mmpose_al::') for name in names)
    assert not any('_base_' in name for name in names)
    assert all(osp.isfile(config_path(name)) for name in names)


def test_a_folder_may_have_any_name(tmp_path):
    text = any_folder("a = dict(b='{{fileDirname}}/x', c=['{{fileDirname}}'], d='{{other}}')\n")
    for name in ("Bob's", 'the "big" one', 'a b{c}'):
        folder = tmp_path / name
        folder.mkdir()
        (folder / 'c.py').write_text(text)
        home = str(folder)
        found = Config.fromfile(str(folder / 'c.py')).a
        assert found == dict(b=f'{home}/x', c=[home], d='{{other}}')


def test_paths_are_themselves(tmp_path):
    path = tmp_path / 'a.py'
    path.write_text('')
    assert config_path(str(path)) == str(path)


@pytest.mark.parametrize('name', ['nix.py', 'mmpose_al::nix.py', '/tmp'])
def test_what_is_no_config_says_where_they_are_listed(name):
    with pytest.raises(FileNotFoundError, match=f'{name}: no such config.*mmpose-al configs'):
        config_path(name)


def test_installed_files_come_first(tmp_path, monkeypatch):
    package = tmp_path / 'site-packages' / 'mmpose_al'
    monkeypatch.setattr(config_files, 'PACKAGE', str(package))
    with pytest.raises(FileNotFoundError, match='without its configs'):
        config_folder()
    for folder in (tmp_path / 'site-packages' / 'configs', package / '.mim' / 'configs'):
        (folder / '_base_').mkdir(parents=True)
        (folder / '_base_' / 'default_runtime.py').write_text('')
        assert config_folder() == str(folder)


def test_the_digest_of_values_knows_no_order_and_no_text():
    digest = config_digest(dict(a=dict(x=(1, 2), y='z'), b=0.1))
    assert len(digest) == 16
    assert config_digest(dict(b=0.1, a=dict(y='z', x=[1, 2]))) == digest
    for other in (dict(a=dict(x=(2, 1), y='z'), b=0.1), dict(a=dict(x=(1, 2), y='z'), b='0.1')):
        assert config_digest(other) != digest
