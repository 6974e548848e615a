"""The page's plain functions, run by Node; skipped where there is none."""

import json
import os.path as osp
import re
import shutil
import subprocess

import pytest

from mmpose_al.active_learning import label_app

NODE = shutil.which('node')
PAGE = osp.join(osp.dirname(label_app.__file__), 'page')
pytestmark = pytest.mark.skipif(NODE is None, reason='there is no node')
START = """
const view = (id, states, follows = true) => ({ id, width: 100, height: 50, reason: null, follows,
  joints: states.map((state, k) => [10 * k + id, id, 2, state, null, null, true]) });
const person = (views, order) => ({ views, order });
"""


def run(expression, module='model.js'):
    """What an expression gives that may use a module's names, ``view`` and ``person``."""
    code = (
        f'import * as all from {json.dumps("file://" + osp.join(PAGE, module))};\n'
        f'Object.assign(globalThis, all);\n{START}\n'
        f'console.log(JSON.stringify({expression}));'
    )
    done = subprocess.run(
        [NODE, '--input-type=module', '-e', code], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_accepting_takes_what_is_suggested_and_nothing_else():
    views = '[view(1, [0, 1, 2, 3, 4]), {...view(2, [1]), reason: "covered"}]'
    assert run(f'accepted({views})') == [[1, 1, 11, 1, 2], [1, 2, 21, 1, 2]]
    assert run(f'accepted({views}, 2)') == [[1, 2, 21, 1, 2]]


def test_swapping_exchanges_places_and_what_is_not_there():
    cells = run('swapped(view(1, [3, 3, 1, 0, 0, 4]), [[0, 1], [2, 3], [4, 5]])')
    assert cells == [[1, 0, 11, 1, 2], [1, 1, 1, 1, 2], [1, 2, 0, 0, 0], [1, 3, 21, 1, 2]]


def test_cells_are_shown_before_they_are_saved():
    shown = run('withCells([view(1, [0, 3]), view(2, [0])], [[1, 0, 5, 6, 1], [1, 1, 0, 0, 0]])')
    assert shown[0]['joints'] == [[5, 6, 1, 3, None, None, True], [0, 0, 0, 4, None, None, True]]
    assert shown[1]['joints'][0][3] == 0


@pytest.mark.parametrize(
    'states, joint, mode, need, expected',
    [
        ([[3, 0], [0, 0], [0, 0]], 0, 'joint', 2, 0),  # one click of two
        ([[3, 0], [3, 0], [2, 0]], 0, 'joint', 2, 1),
        ([[3, 0], [3, 0], [2, 0]], 0, 'joint', 3, 0),
        ([[3, 0], [4, 0]], 0, 'joint', 3, 1),  # every view has its say
        ([[3, 3], [3, 3], [2, 2]], 1, 'joint', 2, 1),  # all there
        ([[3, 0], [0, 0], [0, 0]], 0, 'view', 2, 1),
    ],
)
def test_what_is_asked_for_next(states, joint, mode, need, expected):
    views = ', '.join(f'view({n}, {each})' for n, each in enumerate(states))
    code = f'((v) => nextJoint(person(v, [0, 1]), {joint}, "{mode}", {need}, v[0]))([{views}])'
    assert run(code) == expected


def test_a_view_that_follows_no_other_has_to_be_clicked_itself():
    def asked(*views, need=3):
        given = ', '.join(f'view({n}, {s}, {str(f).lower()})' for n, (s, f) in enumerate(views))
        return run(f'[clicksFor([{given}], {need}), isEnough([{given}], 0, {need})]')

    assert asked(([3], False)) == [1, True] and asked(([0], False)) == [1, False]
    assert asked(([3], False), ([3], False), ([3], False), ([0], False)) == [4, False]
    assert asked(([3], False), ([3], False), ([3], False), ([4], False)) == [4, True]
    rig = [([3], True), ([3], True), ([2], True)]
    assert asked(*rig, need=2) == [2, True] and asked(*rig, ([0], False), need=2) == [3, False]
    assert asked(*rig, ([3], False), need=2) == [3, True]


def test_places_and_sizes():
    assert run('inside(view(1, []), -3, 60.12345)') == [-0.5, 49.5]
    assert run('inside(view(1, []), 1.23456, 2)') == [1.235, 2]
    assert run('nearest(view(1, [3, 3]), 12, 1, 3)') == 1
    assert run('nearest(view(1, [3, 0]), 12, 1, 3)') is None
    assert run('columns(8, 1100, 640, 1)') == dict(columns=4, width=265)
    assert run('columns(1, 800, 400, 2)')['columns'] == 1
    assert run('[amount(1, "views"), amount(2, "views")]') == ['1 view', '2 views']
    assert run('[minutes(59.4), minutes(61)]') == ['59 s', '1 min 1 s']


@pytest.mark.parametrize(
    'event, expected',
    [
        (dict(key='a'), ['accept']),
        (dict(key='A', shiftKey=True), ['acceptView']),
        (dict(key='z'), ['undo']),
        (dict(key='z', ctrlKey=True), ['undo']),
        (dict(key='Z', metaKey=True, shiftKey=True), ['redo']),
        (dict(key='ArrowLeft'), ['before']),
        (dict(key='ArrowLeft', shiftKey=True), ['nudge', [-1, 0]]),
        (dict(key='ArrowUp', shiftKey=True, altKey=True), ['nudge', [0, -0.25]]),
        (dict(key='3'), ['enlarge', 2]),
        (dict(key='?', shiftKey=True), ['help']),
        (dict(key='r', ctrlKey=True), None),
        (dict(key='a', altKey=True), None),
        (dict(key='Tab'), None),
    ],
    ids=str,
)
def test_what_a_key_does(event, expected):
    assert run(f'actionOf({json.dumps(event)})', 'keys.js') == expected


def test_every_action_of_a_key_is_there():
    actions = run('KEYS.flatMap(([, keys]) => keys.map((key) => key[1]))', 'keys.js')
    with open(osp.join(PAGE, 'keys.js')) as file:
        keys = file.read()
    with open(osp.join(PAGE, 'main.js')) as file:
        main = file.read()
    table = keys[keys.index('const PLAIN') : keys.index('const STEPS')]
    for action in re.findall(r": '(\w+)'", table):
        assert f' on_{action}(' in main, action
    assert 'nudge' in actions and 'help' in actions
