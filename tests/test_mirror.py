"""The tests mirror the package, file for file: ``mmpose_al/a/b.py``, ``tests/test_a/test_b.py``."""

import glob
import os.path as osp

TESTS = osp.dirname(osp.abspath(__file__))
PACKAGE = osp.join(osp.dirname(TESTS), 'mmpose_al')
NO_TEST = {'__init__', '__main__', 'version'}
# What is tested there is no module of the package: configs, pages, benchmarks, the project's
# own files, and what goes through several rooms.
OTHERS = ('test_benchmarks', 'test_configs', 'test_docs', 'test_integration')
ABOUT_ALL = {'test_layers', 'test_mirror'}


def names(folder, pattern):
    """Paths of files below a folder, without their ending."""
    paths = glob.glob(osp.join(folder, '**', pattern), recursive=True)
    return [osp.relpath(path, folder)[: -len('.py')].replace('\\', '/') for path in paths]


def mirrored(module):
    """The test of a module: ``a/b`` is tested by ``test_a/test_b``."""
    return '/'.join(f'test_{part}' for part in module.split('/'))


def strangers(modules, tests):
    """Modules without a test, and tests without a module."""
    modules = {mirrored(name): name for name in modules if osp.basename(name) not in NO_TEST}
    tests = {name for name in tests if name.split('/')[0] not in OTHERS} - ABOUT_ALL
    untested = [name for test, name in modules.items() if test not in tests]
    return sorted(untested), sorted(tests - set(modules))


def test_every_module_has_its_test_and_every_test_its_module():
    modules, tests = names(PACKAGE, '*.py'), names(TESTS, 'test_*.py')
    assert len(modules) > 100 and 'test_fileio' in tests
    assert strangers(modules, tests) == ([], [])


def test_a_stranger_would_be_seen():
    modules = ['a/__init__', 'a/b', 'a/c', 'd']
    tests = ['test_a/test_b', 'test_d', 'test_a/test_x', 'test_docs/test_y', 'test_layers']
    assert strangers(modules, tests) == (['a/c'], ['test_a/test_x'])
