"""Files that others wrote are data: no place of ours reads them in a way that runs code."""

import ast
import glob
import os
import os.path as osp

import pytest

from tests import ROOT

FOLDERS = ('mmpose_al', 'tools', 'demo', 'benchmarks', 'configs')
FILES = sorted(
    path
    for folder in FOLDERS
    for path in glob.glob(osp.join(ROOT, folder, '**', '*.py'), recursive=True)
)
#: Calls -> what makes them safe; None: nothing does.
READERS = {
    'pickle.load': None,
    'pickle.loads': None,
    'dill.load': None,
    'joblib.load': None,
    'marshal.load': None,
    'marshal.loads': None,
    'shelve.open': None,
    'pandas.read_pickle': None,
    'pd.read_pickle': None,
    'yaml.load': None,
    'yaml.unsafe_load': None,
    'eval': None,
    'exec': None,
    'torch.load': ('weights_only', True),
    'np.load': ('allow_pickle', False),
    'read_array': ('allow_pickle', False),
}
BY_DEFAULT = ('np.load', 'read_array')  # are safe where nothing is said
#: Where one of them is right, and why.
KNOWN = {
    # Of PyTorch before 2.6, with an unpickler of our own (tests/test_apis/test_checkpoints.py).
    ('mmpose_al/apis/checkpoints.py', 'torch.load'): 'CHECKED_PICKLE'
}


def name_of(call):
    """``a.b.c`` of a call's function; '' for others."""
    names, node = [], call.func
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return '.'.join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else ''


def reader_of(name):
    """Which of ``READERS`` a call is; None for others, as ``model.eval``."""
    for each in READERS:
        if name == each or ('.' in each or each in BY_DEFAULT) and name.endswith(f'.{each}'):
            return each
    return None


def is_safe(call, reader, path):
    """Whether a call says that it runs nothing, or is one of ``KNOWN``."""
    names = {word.value.id for word in call.keywords if isinstance(word.value, ast.Name)}
    if KNOWN.get((path, reader)) in names:
        return True
    if READERS[reader] is None:
        return False
    word, right = READERS[reader]
    given = [each.value for each in call.keywords if each.arg == word]
    if not given:
        return reader in BY_DEFAULT
    return isinstance(given[0], ast.Constant) and given[0].value is right


def unsafe_calls(text, path=''):
    """Line and name of the calls in a file that could run what they read."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            reader = reader_of(name_of(node))
            if reader is not None and not is_safe(node, reader, path):
                yield node.lineno, name_of(node)


def test_no_file_is_read_in_a_way_that_runs_code():
    found = []
    for path in FILES:
        with open(path, encoding='utf-8') as file:
            name = osp.relpath(path, ROOT).replace(os.sep, '/')
            found += [(name, *each) for each in unsafe_calls(file.read(), name)]
    assert len(FILES) > 300 and found == []


@pytest.mark.parametrize(
    'text, found',
    [
        ('torch.load(path)', ['torch.load']),
        ('torch.load(path, weights_only=False)', ['torch.load']),
        ('torch.load(path, weights_only=safe)', ['torch.load']),
        ('torch.load(path, weights_only=True)', []),
        ('torch.load(path, pickle_module=CHECKED_PICKLE)', ['torch.load']),
        ('np.load(path)', []),
        ('np.load(path, allow_pickle=True)', ['np.load']),
        ('np.load(path, allow_pickle=False)', []),
        ('np.lib.format.read_array(file, allow_pickle=True)', ['np.lib.format.read_array']),
        ('x = pickle.load(file)', ['pickle.load']),
        ('yaml.load(text, Loader=yaml.SafeLoader)', ['yaml.load']),
        ('yaml.safe_load(text)', []),
        ('model.eval()', []),
        ('eval(text)', ['eval']),
    ],
)
def test_what_is_found(text, found):
    assert [name for _, name in unsafe_calls(text)] == found
