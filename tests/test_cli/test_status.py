"""``mmpose-al status``: what it prints, its exit status, and what it loads."""

import json
import os
import os.path as osp
import subprocess
import sys

from mmpose_al.active_learning.state import load_state
from mmpose_al.cli.main import main
from mmpose_al.command_line import command_line
from tests import ROOT
from tests.test_active_learning.states import writable
from tests.test_cli.people import exported


def test_status_before_and_after_the_answers(experiment, tmp_path, capsys):
    work, pixels = experiment
    assert main(['status', work]) == 3
    said = capsys.readouterr().out
    assert '1 of 3 frames are labelled' in said and 'MKPE 31.25' in said
    assert 'round 1 waits for labels' in said
    assert f'{command_line("ingest", work)} ' in said
    assert main(['status', work, '--json']) == 3
    assert json.loads(capsys.readouterr().out)['pending'] == 1
    state = writable(load_state(work))
    state.stage(0, 'train')['metrics']['multiview/MKPE'] = float('nan')
    state.write()
    assert main(['status', work]) == 3
    assert 'MKPE nan' in capsys.readouterr().out
    assert main(['status', work, '--json']) == 3
    assert 'NaN' not in capsys.readouterr().out
    assert main(['ingest', work, exported(work, pixels, tmp_path)]) == 0
    capsys.readouterr()
    assert main(['status', work]) == 0
    said = capsys.readouterr().out
    assert '2 of 8 persons are answered' in said and command_line('train') in said
    state = writable(load_state(work))
    os.remove(osp.join(work, 'answers', 'round_01.json'))
    state.content['finished'] = 'limits were lowered'
    state.write()
    assert main(['status', work]) == 0  # nothing waits for an answer
    assert 'finished: limits were lowered' in capsys.readouterr().out
    assert main(['status', str(tmp_path)]) == 1
    assert 'no experiment' in capsys.readouterr().err


def test_labels_worth_another_look_are_counted_until_they_are_right(experiment, tmp_path, capsys):
    work, pixels = experiment
    wrong = dict(pixels)
    wrong[81] = pixels[81] + [[90, 0], [0, 0], [0, 0], [0, 0], [0, 0]]
    for given, expected in ((wrong, ['disagrees']), (pixels, [])):
        path = exported(work, given, tmp_path, (80, 81, 82, 83))
        assert main(['ingest', work, path]) == 0
        capsys.readouterr()
        assert main(['status', work]) == 0
        line = 'labels worth another look: clicks that disagree with the other views: 1'
        assert (line in capsys.readouterr().out) == bool(expected)
        assert main(['status', work, '--json']) == 0
        found = json.loads(capsys.readouterr().out)['warnings']
        assert [w['kind'] for w in found if w['kind'] != 'outside'] == expected


def test_it_asks_for_no_heavy_imports(experiment):
    """Seconds of each: NumPy is all that the state and a query need."""
    work, _ = experiment
    code = (
        'import sys; sys.argv = ["/usr/bin/mmpose-al", "status", "x"]\n'
        'from mmpose_al.cli.main import main\n'
        f'assert main(["status", {work!r}]) == 3\n'
        'heavy = ("torch", "mmengine", "mmpose", "mmdet", "mmcv", "cv2", "scipy", "matplotlib")\n'
        'print([name for name in heavy if name in sys.modules])\n'
    )
    environ = dict(os.environ, PYTHONPATH=ROOT)
    done = subprocess.run(
        [sys.executable, '-c', code], stdout=subprocess.PIPE, env=environ, check=True
    )
    assert done.stdout.decode().splitlines()[-1] == '[]'
