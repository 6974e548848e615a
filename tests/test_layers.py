"""Imports run one way: geometry, then datasets and models, then engine."""

import ast
import glob
import os.path as osp

import pytest

PACKAGE = osp.join(osp.dirname(osp.dirname(osp.abspath(__file__))), 'mmpose_al')
BELOW = dict(
    geometry=set(),
    synthetic={'geometry', 'datasets'},
    datasets={'geometry'},
    converters={'geometry', 'datasets'},
    models={'geometry', 'datasets'},
    evaluation={'geometry'},
    visualization={'geometry'},
    apis={'geometry', 'datasets', 'models', 'visualization'},
    active_learning={'geometry', 'datasets', 'models', 'visualization'},
    engine={'geometry', 'datasets', 'models', 'evaluation', 'visualization', 'active_learning'},
)
BOTTOM = ('config_files', 'fileio', 'lazy', 'register', 'registration', 'registry', 'version')
# The command line is above all rooms.
BELOW['cli'] = set(BELOW)


def imported(path):
    """Absolute names of the modules a file imports, at any depth."""
    parts = osp.relpath(path, osp.dirname(PACKAGE))[:-3].split('/')
    with open(path) as file:
        tree = ast.parse(file.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            base = parts[: -node.level] if node.level else []
            module = '.'.join(base + ([node.module] if node.module else []))
            for alias in node.names:
                yield f'{module}.{alias.name}'


@pytest.mark.parametrize('layer', sorted(BELOW))
def test_imports_run_one_way(layer):
    files = glob.glob(osp.join(PACKAGE, layer, '**', '*.py'), recursive=True)
    assert files or layer == 'visualization'
    for path in files:
        for name in imported(path):
            if name.startswith('mmpose_al.'):
                other = name.split('.')[1]
                if other in BOTTOM:
                    continue
                assert other == layer or other in BELOW[layer], f'{path}: {name}'
            if layer not in ('engine', 'apis', 'cli'):  # an inferencer loads checkpoints
                assert not name.startswith('mmengine.runner'), f'{path}: {name}'
