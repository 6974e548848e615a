"""The scope ``mmpose_al``: MMEngine finds our configs and, through mmpose, all types."""

import os.path as osp

import mmpose.registry
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.registry import Registry
from mmengine.utils import get_installed_path

import mmpose_al
from mmpose_al.registry import SCOPE, register_scope


def registries():
    return [each for each in vars(mmpose.registry).values() if isinstance(each, Registry)]


def test_every_registry_of_mmpose_has_a_child_of_the_scope():
    assert len(registries()) > 15
    for registry in registries():
        assert registry.children[SCOPE].scope == SCOPE
        assert registry.children[SCOPE].parent is registry


def test_types_resolve_under_the_scope_through_mmpose():
    models = mmpose.registry.MODELS.children[SCOPE]
    assert models.get('PoseDual') is mmpose.registry.MODELS.get('PoseDual')
    assert models.get('TopdownPoseEstimator').__module__.startswith('mmpose.')


def test_naming_the_scope_again_changes_nothing():
    before = [registry.children[SCOPE] for registry in registries()]
    register_scope()
    assert all(a is b.children[SCOPE] for a, b in zip(before, registries()))


def test_the_package_is_found_by_a_module_of_it():
    path = get_installed_path(MODULE2PACKAGE[SCOPE])
    assert osp.samefile(path, osp.dirname(mmpose_al.__file__))
