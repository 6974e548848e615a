"""Imports run one way: geometry, then datasets and models, then engine; no cycle anywhere."""

import ast
import glob
import os.path as osp

import networkx
import pytest

from tests import ROOT

PACKAGE = osp.join(ROOT, 'mmpose_al')
BELOW = dict(
    geometry=set(),
    synthetic={'geometry', 'datasets'},
    datasets={'geometry'},
    converters={'geometry', 'datasets'},
    projects={'geometry', 'datasets', 'converters', 'active_learning'},
    models={'geometry', 'datasets'},
    evaluation={'geometry'},
    visualization={'geometry'},
    apis={'geometry', 'datasets', 'models', 'visualization'},
    prediction={
        'geometry',
        'datasets',
        'converters',
        'projects',
        'models',
        'visualization',
        'apis',
    },
    deployment={'models', 'apis', 'prediction'},
    active_learning={'geometry', 'datasets', 'models', 'visualization'},
    engine={'geometry', 'datasets', 'models', 'evaluation', 'visualization', 'active_learning'},
)
BOTTOM = {
    'checkpoint_files',
    'command_line',
    'confidence',
    'config_files',
    'fileio',
    'journal',
    'lazy',
    'metric_direction',
    'processes',
    'registration',
    'registry',
    'version',
}
BELOW['analysis'] = set(BELOW) - {
    'engine',
    'converters',
    'synthetic',
    'projects',
    'prediction',
    'deployment',
}
# The command line is above all rooms.
BELOW['cli'] = set(BELOW)
ABOVE = {'__init__', '__main__'}


def modules_of(package):
    """Name -> file of the modules of a package; a package is named as itself."""
    modules = {}
    for path in glob.glob(osp.join(package, '**', '*.py'), recursive=True):
        name = osp.relpath(path, osp.dirname(package))[:-3].replace('/', '.')
        modules[name[: -len('.__init__')] if name.endswith('.__init__') else name] = path
    return modules


def imported(name, path):
    """Absolute names that a module imports, at any depth, and those it offers lazily."""
    parts = name.split('.')
    if osp.basename(path) == '__init__.py':
        parts.append('__init__')
    with open(path, encoding='utf-8') as file:
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
        elif isinstance(node, ast.Call) and getattr(node.func, 'id', '') == 'lazy_names':
            for keyword in node.args[1].keywords:
                yield f'{name}.{keyword.arg}'


def import_graph(package):
    """Edges from each module of a package to those that it imports."""
    modules = modules_of(package)
    graph = networkx.DiGraph()
    graph.add_nodes_from(modules)
    for name, path in modules.items():
        for other in imported(name, path):
            while other and other not in modules:
                other = other.rpartition('.')[0]
            if other and other != name:
                graph.add_edge(name, other)
    return graph


def cycles(graph):
    return [
        sorted(group) for group in networkx.strongly_connected_components(graph) if len(group) > 1
    ]


def room_of(module):
    return (module.split('.') + ['__init__'])[1]


def test_every_room_has_its_layer():
    rooms = {room_of(name) for name in modules_of(PACKAGE)}
    assert rooms == set(BELOW) | BOTTOM | ABOVE


@pytest.mark.parametrize('room', sorted(BELOW))
def test_imports_run_one_way(room):
    for name, path in modules_of(PACKAGE).items():
        if room_of(name) != room:
            continue
        for other in imported(name, path):
            if other.startswith('mmpose_al.'):
                allowed = BELOW[room] | BOTTOM | {room, 'register'}
                assert other.split('.')[1] in allowed, f'{path}: {other}'
            # An inferencer loads checkpoints.
            if room not in ('engine', 'apis', 'analysis', 'cli'):
                assert not other.startswith('mmengine.runner'), f'{path}: {other}'


def test_what_lies_at_the_bottom_imports_no_room():
    graph = import_graph(PACKAGE)
    for name in BOTTOM:
        others = {room_of(other) for other in graph.successors(f'mmpose_al.{name}')}
        assert others <= BOTTOM, name


def test_no_cycle_between_rooms_nor_between_modules():
    graph = import_graph(PACKAGE)
    assert graph.number_of_edges() > 100
    rooms = networkx.DiGraph((room_of(a), room_of(b)) for a, b in graph.edges)
    rooms.remove_edges_from(list(networkx.selfloop_edges(rooms)))
    assert not cycles(rooms)
    assert not cycles(graph)


@pytest.mark.parametrize(
    'files, expected',
    [
        ({'a.py': 'def f():\n    from .b import x\n', 'b.py': 'import p.a\n'}, ['p.a', 'p.b']),
        (
            {
                'r/__init__.py': "x = lazy_names(__name__, dict(c=['C']))\n",
                'r/c.py': 'from . import C\n',
            },
            ['p.r', 'p.r.c'],
        ),
        ({'a.py': 'from .b import x\n', 'b.py': 'from . import y\n'}, None),
    ],
    ids=['deferred', 'lazy', 'none'],
)
def test_a_cycle_would_be_seen(tmp_path, files, expected):
    for name, text in {'__init__.py': '', **files}.items():
        path = tmp_path / 'p' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert cycles(import_graph(str(tmp_path / 'p'))) == ([expected] if expected else [])
