"""Seconds from own data to a query and to predictions: the part without a clock."""

import os.path as osp

from benchmarks.own_data_seconds import OUT, rows, ways
from mmpose_al.fileio import read_json

PAGE = osp.join(osp.dirname(OUT), '..', '..', 'docs', 'projects.md')


def test_the_page_has_the_rows_of_the_result():
    result = read_json(OUT)
    with open(PAGE, encoding='utf-8') as file:
        page = file.read()
    assert '\n'.join(rows(result)) in page and f'trainings of {result["steps"]} steps' in page


def test_rows_sum_the_commands():
    result = dict(seconds={'a rig': dict(new=2.4, train=10.3), 'b': dict(new=1.0)})
    assert rows(result) == ['| a rig | 13 s | `new` 2, `train` 10 |', '| b | 1 s | `new` 1 |']


def test_each_way_begins_with_a_project_and_has_the_steps():
    found = ways('/data', 7)
    assert len(found) == 3
    for commands, target in found.values():
        assert commands[0][0] == 'new' and commands[0][2].startswith('/data/')
        assert target
    steps = [word for commands, _ in found.values() for words in commands for word in words]
    assert sorted(w for w in steps if 'max_iters' in w) == [
        'train_cfg.max_iters=7',
        'train_cfg.round_cfg.max_iters=7',
    ]
