"""A project whose query is open is moved or copied: all goes on there, and nothing of it here."""

import json
import os
import os.path as osp
import shutil
import sys
from contextlib import contextmanager

import pytest

from mmpose_al.active_learning.experiment import EXIT_PENDING
from mmpose_al.active_learning.paths import Paths
from mmpose_al.cli.main import main
from tests.test_active_learning.test_label_app.serving import api, serving
from tests.test_active_learning.test_label_app.serving import request as get
from tests.test_projects.files import video

TOUCHED, WATCHED = [], []  # paths that were opened, listed or made; the folder that is watched
#: A training of one step.
SHORT = """
train_cfg['round_cfg'].update(max_iters=1, val_interval=1)
train_dataloader = dict(batch_size=2)
"""


def note(event, args):
    """A hook of the interpreter, which cannot be taken away again."""
    if WATCHED and event.split('.')[0] in ('open', 'os', 'shutil'):
        TOUCHED.extend(
            each for each in args if isinstance(each, str) and each.startswith(WATCHED[0])
        )


@contextmanager
def untouched(folder):
    """Inside, nothing in a folder may be looked at, by this process."""
    if not TOUCHED and not WATCHED:
        sys.addaudithook(note)
    WATCHED[:], TOUCHED[:] = [str(folder)], []
    try:
        yield
    finally:
        WATCHED.clear()
    assert not TOUCHED, TOUCHED


@pytest.fixture(scope='module', autouse=True)
def unformatted():
    """Configs are written as they are: to format them takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('mmengine.config.config.FormatCode', lambda text, **style: (text, True))
        yield


@pytest.fixture(scope='module')
def asked(tmp_path_factory):
    """A project of a video, whose experiment asks for its first labels."""
    folder = tmp_path_factory.mktemp('asked')
    told = ['--keypoints', 'a', 'b', '--pairs', 'none']
    assert main(['new', str(folder / 'old'), str(video(folder / 'v.avi')), *told]) == 0
    config = folder / 'old' / 'configs' / 'experiment.py'
    config.write_text(config.read_text() + SHORT)
    with pytest.raises(SystemExit) as left:
        main(['train', str(config)])
    assert left.value.code == EXIT_PENDING
    return folder / 'old'


def answered(paths, folder):
    """A file that labels all that is asked."""
    with open(osp.join(paths.query(0), 'coco_keypoints.json')) as file:
        data = json.load(file)
    for entry in data['annotations']:
        entry['keypoints'] = [10.0, 12.0, 2, 30.0, 20.0, 2]
    path = folder / 'answers.json'
    path.write_text(json.dumps(data))
    return str(path)


@pytest.fixture
def moved(asked, tmp_path):
    """The project in another place; the old one is empty meanwhile."""
    shutil.copytree(str(asked), str(tmp_path / 'kept'), symlinks=True)
    shutil.move(str(asked), str(tmp_path / 'far' / 'new'))
    yield tmp_path / 'far' / 'new'
    shutil.rmtree(str(asked), ignore_errors=True)
    shutil.move(str(tmp_path / 'kept'), str(asked))


@pytest.fixture
def copied(asked, tmp_path):
    shutil.copytree(str(asked), str(tmp_path / 'far' / 'new'), symlinks=True)
    return tmp_path / 'far' / 'new'


@pytest.mark.parametrize('way', ['moved', 'copied'])
def test_all_goes_on_where_the_project_lies_now(way, asked, tmp_path, request, capsys):
    paths = Paths(str(request.getfixturevalue(way) / 'work_dirs' / 'experiment'))
    capsys.readouterr()
    with untouched(asked):
        assert main(['status', paths.folder]) == EXIT_PENDING
        assert main(['query', paths.folder]) == 0
        said = capsys.readouterr().out
        assert f'ingest {paths.folder}' in said and str(asked) not in said
        with serving(paths.folder) as server:
            unit = api(server, 'setup')['units'][0]
            (person,) = api(server, 'open', unit=unit)['persons']
            image = person['views'][0]['image']
            assert get(server, f'images/{image}')[0] == 200
        assert main(['ingest', paths.folder, answered(paths, tmp_path)]) == 0
        assert main(['doctor', paths.folder]) == 0
        if way == 'copied':
            goes_on(paths, asked, tmp_path / 'report')


def goes_on(paths, old, out):
    """Train by the command that is printed, and be asked for the next labels."""
    with pytest.raises(SystemExit) as left:
        main(['train', paths.config, '--work-dir', paths.folder])
    assert left.value.code == EXIT_PENDING and paths.query_rounds() == [0, 1]
    assert main(['report', paths.folder, '--out', str(out)]) == 0
    for home, _, names in os.walk(paths.query(1)):
        for name in names:
            with open(osp.join(home, name), 'rb') as file:
                assert str(old).encode() not in file.read(), name
