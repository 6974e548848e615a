"""The commands of the pages work as they are written, or say what they need."""

import importlib
import os
import os.path as osp
import re

import pytest
from mmengine.registry import Registry

from tests.test_docs.commands import Clone, marked, of_kind, types_named
from tests.test_docs.pages import ROOT, blocks, pages, read

pytestmark = pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')
PAGES = pages()


@pytest.mark.parametrize('page', PAGES)
def test_every_block_says_what_runs_it(page):
    for block in blocks(page):
        assert block.language, f'{block.place}: the block has no language; write ```text'
    for entry in marked(page):
        assert entry.kind and (entry.kind in ('run', 'config') or entry.words), (
            f'{entry.block.place}: nothing says what runs this block. Write <!-- run -->, '
            '<!-- config --> or <!-- needs: WHAT --> before it (tests/test_docs/commands.py)'
        )
        if entry.kind == 'test':
            with open(osp.join(ROOT, entry.words), encoding='utf-8') as file:
                text = file.read()
            assert osp.basename(page) in text, f'{entry.block.place}: {entry.words} has no {page}'


@pytest.fixture(scope='module')
def clone():
    """A clone with the data that the configs read, as README.md says to write it."""
    clone = Clone()
    status, output = clone.run(
        'bash',
        'mmpose-al synthetic work_dirs/quickstart/data --preset tiny\n'
        'mmpose-al train configs/semi_supervised/synthetic/'
        'posedual-a_lite0_synthetic-64x64_60-images.py --work-dir work_dirs/posedual',
    )
    assert status == 0, output
    with open(osp.join(clone.folder, 'answer.py'), 'w') as file:
        file.write(ANSWER)
    yield clone
    clone.close()


# What a person would write into the query's COCO file: the true places of the joints.
ANSWER = """
import json, sys
query, data, out = sys.argv[1:]
query, data = json.load(open(query)), json.load(open(data))
true = {entry['id']: entry for entry in data['annotations']}
for entry in query['annotations']:
    entry.update({key: true[entry['id']][key] for key in ('keypoints', 'num_keypoints')})
json.dump(query, open(out, 'w'))
"""


@pytest.mark.parametrize('page', sorted({entry.block.page for entry in of_kind('run')}))
def test_commands_run_as_written(clone, page):
    for entry in marked(page):
        if entry.file:
            with open(osp.join(clone.folder, entry.file), 'w') as file:
                file.write(entry.text)
        if entry.kind == 'run':
            status, output = clone.run(entry.block.language, entry.text)
            assert status == 0, f'{entry.block.place}\n{entry.text}\n{output[-3000:]}'


@pytest.mark.parametrize('page', sorted({entry.block.page for entry in of_kind('config')}))
def test_types_of_configs_exist(page):
    for name in ('mmpose.datasets', 'mmpose.evaluation', 'mmpose.models', 'mmpose_al.engine'):
        importlib.import_module(name)
    known = set()
    for name in ('mmengine.registry', 'mmpose.registry', 'mmpose_al.active_learning.registry'):
        for each in vars(importlib.import_module(name)).values():
            if isinstance(each, Registry):
                known |= set(each.module_dict)
    assert {'CocoDataset', 'PoseDual', 'FileAnnotator', 'MultiViewConsistency'} <= known
    added = set(re.findall(r"^class (\w+)|register_module\(name='(\w+)'", read(page), re.M))
    added = {name for names in added for name in names}  # by the page itself
    for entry in marked(page):
        if entry.kind == 'config':
            unknown = set(types_named(entry.text)) - known - added
            assert not unknown, f'{entry.block.place}: no such type: {sorted(unknown)}'
