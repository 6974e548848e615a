"""What loading costs beside an earlier state."""

import json
import os.path as osp

import pytest

from benchmarks import data_time

PAGE = osp.join(data_time.ROOT, 'docs', 'studies', 'what_people_bring.md')
RESULT = osp.join(data_time.ROOT, 'benchmarks', 'results', 'data_time.json')


def test_neighbours_in_time_are_compared():
    def tree(value):
        return dict(cpu_ms=value, wall_ms=2 * value, built_s=1.0)

    def row(now, before, load):
        return dict(now=tree(now), before=tree(before), load=load)

    found = data_time.summary([row(2, 1, 3), row(30, 20, 5), row(3, 3, 4)])
    assert (found['now_cpu_ms'], found['before_cpu_ms']) == (3, 3)
    assert found['ratio_cpu_ms'] == found['ratio_wall_ms'] == 1.5  # of 2, 1.5 and 1
    assert found['now_wall_ms'] == 6 and found['ratio_built_s'] == 1 and found['load'] == 4


def test_a_tree_is_measured(tiny):
    found = data_time.measure(data_time.ROOT, tiny + '/', 3)
    assert 0 < found['cpu_ms'] < 1000 and found['wall_ms'] > 0 and found['built_s'] > 0


def test_the_page_has_the_figures_of_the_file():
    with open(RESULT) as file:
        found = json.load(file)
    with open(PAGE, encoding='utf-8') as file:
        page = file.read()
    assert found['ratio_cpu_ms'] == pytest.approx(data_time.summary(found['turns'])['ratio_cpu_ms'])
    assert f'{found["now_cpu_ms"]:.2f} ms' in page and f'{found["before_cpu_ms"]:.2f} ms' in page
    assert f'ratio of {found["ratio_cpu_ms"]:.3f}' in page
