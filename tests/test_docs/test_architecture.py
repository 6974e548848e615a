"""docs/architecture.md names every room, and what it says of imports is what is checked."""

import os
import os.path as osp
import re

import pytest

from tests.test_docs.pages import ROOT, read
from tests.test_layers import BELOW, BOTTOM

PAGE = 'docs/architecture.md'
PACKAGE = osp.join(ROOT, 'mmpose_al')


def table(heading):
    """The rows of the first table with this first column: the cells of each."""
    text = read(PAGE).split(f'| {heading} |', 1)[1].split('\n\n', 1)[0]
    return [
        [cell.strip() for cell in line.strip('| ').split(' |')] for line in text.split('\n')[2:]
    ]


def names(cell):
    return set(re.findall(r'`([\w.]+?)(?:\.py|/)?`', cell))


def contents(folder):
    """Names of what a folder of the package holds, files without their ending."""
    return {
        name[:-3] if name.endswith('.py') else name
        for name in os.listdir(folder)
        if not name.startswith(('_', '.')) and (name.endswith('.py') or '.' not in name)
    }


def test_every_room_has_its_row_and_its_imports():
    rows = {min(names(row[0])): row[2] if len(row) > 2 else '' for row in table('room')}
    assert set(rows) == set(BELOW)
    for room, cell in rows.items():
        may = names(cell)
        if cell.startswith('all rooms'):
            may = set(rows) - {room, 'cli'} - may
        assert may == BELOW[room] - {room}, room
    assert set().union(*(names(row[0]) for row in table('file'))) == BOTTOM
    assert contents(PACKAGE) == set(BELOW) | BOTTOM


@pytest.mark.parametrize('room, heading', [('active_learning', 'file or folder')])
def test_what_is_in_a_room_is_named(room, heading):
    named = set().union(*(names(row[0]) for row in table(heading)))
    there = contents(osp.join(PACKAGE, room))
    assert named <= there, named - there
    assert there - named <= {'registry', 'uniforms', 'decoding'}
