"""What messages tell people to do exists: commands, options, types, arguments, keys, pages.

Messages are the texts in the package's code that are no docstring; of an f-string what it is
made of, with ``{}`` for the rest.
"""

import ast
import functools
import glob
import inspect
import os.path as osp
import re

import pytest
from mmengine.config import Config
from mmengine.registry import Registry

from mmpose_al import registration
from mmpose_al.active_learning.settings import Settings
from mmpose_al.cli import main as cli
from tests import ROOT


def messages(path):
    """Line and text of each message of a file."""
    with open(path, encoding='utf-8') as file:
        nodes = list(ast.walk(ast.parse(file.read())))
    left_out = set()  # docstrings, and parts of f-strings
    for node in nodes:
        body = getattr(node, 'body', None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            left_out.add(id(body[0].value))
        if isinstance(node, ast.JoinedStr):
            left_out |= {id(part) for part in ast.walk(node) if part is not node}
    for node in nodes:
        if id(node) in left_out:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = [v.value if isinstance(v, ast.Constant) else '{}' for v in node.values]
            yield node.lineno, ''.join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


@functools.lru_cache(maxsize=None)
def all_messages():
    found = []
    for path in sorted(glob.glob(osp.join(ROOT, 'mmpose_al', '**', '*.py'), recursive=True)):
        place = osp.relpath(path, ROOT)
        found += [(f'{place}:{line}', text) for line, text in messages(path)]
    return found


def matches(pattern):
    """(place, match) of a pattern in all messages."""
    return [(place, m) for place, text in all_messages() for m in re.finditer(pattern, text)]


def command_names():
    for names in cli.GROUPS.values():
        for name in names:
            module = cli._module(name)
            yield from (
                [f'{name} {each}' for each in module.COMMANDS]
                if hasattr(module, 'COMMANDS')
                else [name]
            )


@functools.lru_cache(maxsize=None)
def options_of(name):
    parser = cli.parser_of(cli.Command(cli._module(name), name, name, name))
    return {option for action in parser._actions for option in action.option_strings}


@functools.lru_cache(maxsize=None)
def types():
    """Name -> class, of all registries that configs build from."""
    from mmpose.utils import register_all_modules

    register_all_modules()
    registration.register()
    found = {}
    for name in ('mmengine.registry', 'mmpose.registry', 'mmpose_al.active_learning.registry'):
        for each in vars(__import__(name, fromlist=['x'])).values():
            if isinstance(each, Registry):
                found.update(each.module_dict)
    return found


def arguments(cls):
    """Names that a class takes, those of its bases where it passes on ``**kwargs``."""
    names = set()
    for each in cls.__mro__:
        if '__init__' in vars(each):
            found = inspect.signature(vars(each)['__init__']).parameters.values()
            names |= {p.name for p in found}
            if not any(p.kind is p.VAR_KEYWORD for p in found):
                break
    return names


def test_commands_and_their_options():
    known = list(command_names())
    found = matches(r'mmpose-al ([a-z][a-z0-9-]*)((?: [\w-]+)?)([^`\n]*)')
    assert len(found) > 8
    for place, match in found:
        first, second = match.group(1), match.group(2).strip()
        name = f'{first} {second}' if f'{first} {second}' in known else first
        assert name in known, f'{place}: no command: mmpose-al {name}'
        for option in re.findall(r'(?<![\w-])--[a-z][\w-]*', match.group(2) + match.group(3)):
            assert option in options_of(name), f'{place}: mmpose-al {name} has no {option}'


def test_commands_that_are_put_together():
    """``command_line('status', '--json', folder)``."""
    known, found = list(command_names()), 0
    for path in glob.glob(osp.join(ROOT, 'mmpose_al', '**', '*.py'), recursive=True):
        with open(path, encoding='utf-8') as file:
            calls = [n for n in ast.walk(ast.parse(file.read())) if isinstance(n, ast.Call)]
        for call in calls:
            if getattr(call.func, 'id', getattr(call.func, 'attr', '')) != 'command_line':
                continue
            words = [a.value for a in call.args if isinstance(a, ast.Constant)]
            if not call.args or not isinstance(call.args[0], ast.Constant):
                continue
            found += 1
            place = f'{osp.relpath(path, ROOT)}:{call.lineno}'
            name = ' '.join(words[:2]) if ' '.join(words[:2]) in known else words[0]
            assert name in known, f'{place}: no command: mmpose-al {name}'
            for option in [word for word in words if word.startswith('--')]:
                assert option in options_of(name), f'{place}: mmpose-al {name} has no {option}'
    assert found > 3


def test_options_belong_to_a_command():
    """``--origin`` in a message without its command."""
    known = {option for name in command_names() for option in options_of(name)}
    known |= {'--version', '--help'}
    for place, match in matches(r'(?<![\w-])--[a-z][\w-]*'):
        assert match.group(0) in known, f'{place}: no command has {match.group(0)}'


def test_types_of_lines_of_a_config():
    found = matches(r"(?<!_)type='([A-Z]\w+)'")
    assert len(found) > 5
    for place, match in found:
        assert match.group(1) in types(), f'{place}: no type {match.group(1)}'


def test_arguments_of_types():
    """``MultiViewCocoDataset(on_bad='skip')``, ``dict(type='X', a=...)``."""
    found = 0
    for place, match in matches(r"\b(?:dict\(type=')?([A-Z]\w+)(?:', |\()([^()]*)"):
        cls = types().get(match.group(1))
        if not inspect.isclass(cls):
            continue
        for name in re.findall(r'(?:^|, )(\w+)=', match.group(2)):
            found += 1
            assert name in arguments(cls), f'{place}: {cls.__name__} has no argument {name}'
    assert found > 3


def test_keys_of_a_config():
    runtime = Config.fromfile(osp.join(ROOT, 'configs', '_base_', 'default_runtime.py'))
    from mmpose_al.models.semi import SemiPoseEstimator

    kinds = [
        cls
        for cls in types().values()
        if inspect.isclass(cls) and issubclass(cls, SemiPoseEstimator)
    ]
    known = dict(
        default_hooks={*runtime.default_hooks, 'badcase'},
        active_learning=set(Settings._fields),
        # and the head of a plain model
        model={name for cls in kinds for name in arguments(cls)} | {'head'},
        optim_wrapper=arguments(types()['AmpOptimWrapper'])
        | {'type', 'constructor', 'paramwise_cfg'},
        load_cfg={'into', 'network', 'leave_out', 'changed'},
    )
    files = r'(?!json|py\b|js\b|previous)'
    modules = {'annotators', 'formats', 'statistics', 'strategies'}  # mmpose_al.active_learning.X
    found = matches(rf'(?<![\w.])({"|".join(known)})\.{files}([a-z]\w*)')
    assert len(found) > 15
    for place, match in found:
        section, key = match.groups()
        if section == 'active_learning' and key in modules:
            continue
        assert key in known[section], f'{place}: no key {match.group(0)}'


def test_pages_and_files():
    for place, match in matches(r'\b(?:docs|tools|demo)/[\w./-]*\w'):
        assert osp.exists(osp.join(ROOT, match.group(0))), f'{place}: no {match.group(0)}'


@pytest.mark.parametrize(
    'text, expected',
    [
        ("x = f'a {b} --c'", ['a {} --c']),
        ("'''doc'''\nx = 'said'", ['said']),
        ("def f():\n    'doc'\n    return 'x' 'y'", ['xy']),
    ],
)
def test_what_counts_as_a_message(text, expected, tmp_path):
    path = tmp_path / 'a.py'
    path.write_text(text)
    assert [said for _, said in messages(str(path))] == expected
