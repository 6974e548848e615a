"""tools/analysis/plot_curves.py as a user calls it."""

import json
import os
import os.path as osp
import subprocess
import sys

import cv2

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))


def call(*arguments):
    return subprocess.run(
        [sys.executable, 'tools/analysis/plot_curves.py', *map(str, arguments)],
        cwd=ROOT,
        env=dict(os.environ, PYTHONPATH=ROOT),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_curves_of_two_runs(tmp_path):
    for name in ('one', 'two'):
        folder = tmp_path / name / '20260101_000000' / 'vis_data'
        folder.mkdir(parents=True)
        with open(folder / 'scalars.json', 'w') as file:
            for step in (1, 2, 3):
                file.write(
                    json.dumps(dict(step=step, loss=1 / step, response_easy=step / 10)) + '\n'
                )
            if name == 'two':
                file.write('{"step": 3, "coco/AP": 0.1, "pck/bbox@0.1": 50}\n')
    out = tmp_path / 'curves.png'
    done = call(f'first={tmp_path / "one"}', tmp_path / 'two', '--out', out)
    assert done.returncode == 0, done.stdout
    assert 'loss, response' in done.stdout
    assert cv2.imread(str(out)).shape[0] > 300
    for metric in ('coco/AP', 'pck/bbox@0.1'):
        done = call(tmp_path / 'one', tmp_path / 'two', '--out', out, '--metric', metric)
        assert done.returncode == 0 and 'metric' in done.stdout
    wrong = call(tmp_path / 'two', '--out', out, '--metric', 'AP')
    assert wrong.returncode == 1 and 'coco/AP, pck/bbox@0.1' in wrong.stdout
    lacking = call(tmp_path / 'one', '--out', out, '--metric', 'AP')
    assert lacking.returncode == 1 and "'AP'" in lacking.stdout
    same = call(tmp_path / 'one', tmp_path / 'one', '--out', out)
    assert same.returncode == 2 and 'one name' in same.stdout
    none = call(tmp_path / 'nothing', '--out', out)
    assert none.returncode == 1 and 'nothing' in none.stdout
