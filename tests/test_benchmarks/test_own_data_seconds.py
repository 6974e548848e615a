"""Seconds from own data to a query and to predictions: the part without a clock."""

import os.path as osp

import numpy as np

from benchmarks.own_data_seconds import OUT, answer, rows, ways
from mmpose_al.fileio import read_json, write_json

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
    *first, last = found.values()
    assert len(first) == 3
    for commands, target in first:
        assert commands[0][0] == 'new' and commands[0][2].startswith('/data/')
        assert target
    assert [words[0] for words in last[0]] == ['ingest', 'train', 'predict']
    steps = [word for commands, _ in found.values() for words in commands for word in words]
    assert sorted(w for w in steps if 'max_iters' in w) == [
        'train_cfg.max_iters=7',
        'train_cfg.round_cfg.max_iters=7',
        'train_cfg.round_cfg.max_iters=7',
    ]


def test_answers_are_the_keypoints_that_lie_in_the_image(tmp_path):
    query = tmp_path / 'walk/work_dirs/experiment/query/round_00/coco_keypoints.json'
    query.parent.mkdir(parents=True)
    write_json(
        str(tmp_path / 'walk' / 'pool.json'),
        dict(
            frames=[dict(id=5, index=1)],
            images=[dict(id=7, frame_id=5, camera_id=2, width=10, height=8)],
        ),
    )
    write_json(str(query), dict(annotations=[dict(image_id=7)]))
    keypoints = np.full((2, 2, 3, 2), np.nan)
    keypoints[1, 1] = [[3, 4], [np.nan, np.nan], [3, 7.5]]  # the last lies below the last pixel
    answer(str(tmp_path), keypoints)
    [entry] = read_json(str(tmp_path / 'answers.json'))['annotations']
    assert entry == dict(image_id=7, keypoints=[3, 4, 2] + 6 * [0], num_keypoints=1)
