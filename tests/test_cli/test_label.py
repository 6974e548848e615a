"""``mmpose-al label``: serves, is killed, goes on, trains."""

import http.client
import json
import os
import os.path as osp
import random
import re
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from mmpose_al.active_learning.label_app.session import Session
from mmpose_al.active_learning.paths import Paths
from mmpose_al.cli import label
from mmpose_al.cli.main import main
from tests import ROOT
from tests.test_active_learning.test_label_app.serving import api
from tests.test_projects.files import video


def started(work, *words):
    """The command as a process, and its address as an object that takes requests."""
    process = subprocess.Popen(
        [sys.executable, '-m', 'mmpose_al', 'label', work, '--no-browser', *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
        env=dict(os.environ, PYTHONPATH=ROOT, OMP_NUM_THREADS='1'),
        universal_newlines=True,
    )
    said = ''
    for line in process.stdout:
        said += line
        found = re.search(r'http://127\.0\.0\.1:(\d+)/([\w-]+)/', line)
        if found:
            return process, SimpleNamespace(port=int(found.group(1)), token=found.group(2)), said
    raise AssertionError(said)


def test_ctrl_c_ends_it_and_a_second_one_is_refused(experiment):
    process, server, said = started(experiment[0])
    try:
        assert 'round 1: 2 frames, 8 persons in 8 images; 0 done' in said
        assert api(server, 'setup')['units'] == [20, 0]
        refused = subprocess.run(
            [sys.executable, '-m', 'mmpose_al', 'label', experiment[0], '--no-browser'],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert refused.returncode == 1 and 'another mmpose-al label shows' in refused.stderr
    finally:
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=30)[0]
    assert process.returncode in (0, 130) and 'Traceback' not in rest, rest


@pytest.mark.parametrize('after', [1, 4])
def test_what_was_answered_is_there_after_a_kill(experiment, after):
    work = experiment[0]
    process, server, _ = started(work)
    answered = []
    try:
        api(server, 'join')
        for number in range(after):
            cells = [[80, number, 10.0 + number, 20.5, 2]]
            more = dict(op='set', unit=20, cells=cells, how='click', revision=number)
            api(server, 'change', **more)
            answered += cells
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
    with open(Paths(work).label_journal(1), 'a') as file:
        file.write('{"op": "se')  # what a kill leaves at the worst moment
    session = Session(work)
    for number, joint, x, y, v in answered:
        assert session.progress[20].joint(number, joint) == [x, y, v]
    process, server, said = started(work)
    try:
        assert 'An unfinished line of the journal was passed over' in said
        api(server, 'change', op='undo', unit=20, revision=after)
    finally:
        process.kill()
        process.communicate(timeout=30)
    lines = open(Paths(work).label_journal(1)).read().splitlines()
    assert json.loads(lines[-1])['entry']['op'] == 'undo'


def hammered(server, revision, number, shown):
    """Change joints one after the other until nobody answers; what was answered is noted."""
    try:
        while True:
            joint, x = revision % 5, round(10 + number + revision % 97 / 100, 3)
            shown['asked'] = joint, x
            cells = [[80, joint, x, 20.5, 2]]
            answer = api(
                server, 'change', op='set', unit=20, cells=cells, how='click', revision=revision
            )
            revision = answer['revision']
            shown['kept'][joint] = x
            shown['count'] += 1
    except (OSError, http.client.HTTPException):
        pass


def test_ten_kills_lose_nothing_that_was_answered(experiment):
    """SIGKILL while changes come in; only the one that was on its way may be there or not."""
    work, random_ = experiment[0], random.Random(0)
    shown = dict(kept={}, count=0)
    for number in range(10):
        process, server, _ = started(work)
        try:
            api(server, 'join')
            revision = Session(work).progress[20].revision
            thread = threading.Thread(target=hammered, args=(server, revision, number, shown))
            thread.start()
            begun, end = shown['count'], time.monotonic() + 30
            while shown['count'] < begun + 3 and time.monotonic() < end:
                time.sleep(0.005)
            time.sleep(random_.uniform(0, 0.1))
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=30)
        thread.join(30)
        unit = Session(work).progress[20]
        for joint, x in list(shown['kept'].items()):
            found = unit.joint(80, joint)[0]
            if found != x:
                assert (joint, found) == shown['asked'], (number, joint, x, found)
                shown['kept'][joint] = found
    assert shown['count'] >= 30


def test_with_train_the_next_query_comes_to_the_same_address(experiment, monkeypatch):
    calls, statuses = [], [3, 0]

    def serve(args, work_dir, before):
        calls.append(('serve', before))
        return SimpleNamespace(handed=True, number=len(calls))

    def train(work_dir):
        calls.append(('train', work_dir))
        return statuses.pop(0)

    monkeypatch.setattr(label, 'serve', serve)
    monkeypatch.setattr(label, 'train', train)
    assert main(['label', experiment[0], '--train']) == 0
    assert [kind for kind, _ in calls] == ['serve', 'train'] * 2
    assert calls[0][1] is None and calls[2][1].number == 1
    calls.clear()
    assert main(['label', experiment[0]]) == 0 and [kind for kind, _ in calls] == ['serve']


def test_train_is_the_command_that_is_printed(monkeypatch, capsys):
    called = []
    monkeypatch.setattr(label, 'run_here', lambda words: called.append(words) or 3)
    assert label.train('experiment') == 3
    printed = capsys.readouterr().out.splitlines()[1].split()
    assert called[0][-4:] == printed[-4:] and called[0][:2] == ['-m', 'mmpose_al']


def test_what_cannot_be_labelled_is_said(tmp_path, experiment, capsys):
    assert main(['label', str(tmp_path / 'nothing')]) == 1
    assert 'no experiment' in capsys.readouterr().err
    with pytest.raises(SystemExit, match='2'):
        main(['label', experiment[0], '--threshold', '0'])
    assert '0 is not a finite number above 0' in capsys.readouterr().err
    start = time.time()
    with pytest.raises(SystemExit):
        main(['label', '--help'])
    assert time.time() - start < 10 and 'ssh -L' in capsys.readouterr().out


def test_a_project_is_labelled_and_trains_on_it(tmp_path, capsys):
    """The command itself: a video becomes a project, two images are labelled in the browser."""
    source, folder = video(tmp_path / 'v.avi'), str(tmp_path / 'p')
    told = ['--keypoints', 'a', 'b', '--pairs', 'none']
    assert main(['new', folder, str(source), *told]) == 0
    assert f'label {folder}' in (tmp_path / 'p' / 'README.md').read_text()
    process, server, said = started(folder, '--num', '2')
    try:
        assert '2 images, 2 persons in 2 images; 0 done' in said and 'round' not in str(said)
        api(server, 'join')
        setup = api(server, 'setup')
        assert setup['round'] is None and setup['train'].endswith(
            f'train {folder}/configs/supervised.py'
        )
        unit = setup['units'][0]
        number = api(server, 'open', unit=unit)['persons'][0]['views'][0]['id']
        cells = [[number, 0, 10.5, 20.25, 2], [number, 1, 3.0, 4.0, 1]]
        api(server, 'change', op='set', how='click', cells=cells, unit=unit, revision=0)
        api(server, 'change', op='done', unit=unit, revision=1)
        assert main(['label', folder]) == 1
        assert 'another mmpose-al label shows this' in capsys.readouterr().err
        assert api(server, 'finish')['written'] is True
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    with open(osp.join(folder, 'pool.json')) as file:
        (entry,) = (a for a in json.load(file)['annotations'] if a['num_keypoints'])
    assert entry['keypoints'] == [10.5, 20.25, 2, 3.0, 4.0, 1]
    assert osp.exists(osp.join(folder, 'configs', 'supervised.py'))
    os.makedirs(osp.join(folder, 'work_dirs', 'experiment'))
    with open(osp.join(folder, 'work_dirs', 'experiment', 'active_learning.json'), 'w'):
        pass
    assert main(['label', folder]) == 1
    assert 'an experiment is bound to its pool' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(['label', folder, '--train'])
    assert '--train is of an experiment' in capsys.readouterr().err


def test_options_of_a_project_are_refused_for_an_experiment(experiment, capsys):
    with pytest.raises(SystemExit):
        main(['label', experiment[0], '--num', '3'])
    assert '--images and --num are of a project' in capsys.readouterr().err


@pytest.mark.parametrize('port', ['65536', '-1', 'x'])
def test_a_port_that_is_none_is_wrong_usage(experiment, capsys, port):
    with pytest.raises(SystemExit) as error:
        main(['label', experiment[0], '--no-browser', '--port', port])
    assert error.value.code == 2 and 'argument --port' in capsys.readouterr().err


def test_a_round_that_has_no_query_is_named(experiment, capsys):
    work, _ = experiment
    assert main(['label', work, '--no-browser', '--round', '7']) == 1
    assert 'round 7 has no query; there are [1]' in capsys.readouterr().err
