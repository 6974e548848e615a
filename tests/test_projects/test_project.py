"""Opening a project folder: its paths and its newest model."""

import os

import pytest
from mmengine.config import Config

from mmpose_al.fileio import write_json, write_text
from mmpose_al.projects import ProjectError, is_project, open_project
from mmpose_al.projects.project import is_plain_config
from tests.launching import ROOT


def make(folder, **more):
    for name in ('configs/supervised.py', 'metainfo.py', 'pool.json', 'images/x'):
        write_text(str(folder / name), '')
    content = dict(
        format='mmpose_al-project',
        version=1,
        kind='images',
        config='configs/supervised.py',
        metainfo='metainfo.py',
        pool='pool.json',
        images='images',
        checkpoint=None,
    )
    write_json(str(folder / 'project.json'), dict(content, **more))
    return folder


def train(folder, name, age, noted=None):
    run = folder / 'work_dirs' / name
    run.mkdir(parents=True)
    (run / 'iter_5.pth').write_bytes(b'weights')
    (run / 'last_checkpoint').write_text(noted or str(run / 'iter_5.pth'))
    (run / 'mine.py').write_text('')
    os.utime(run / 'iter_5.pth', (age, age))
    return run


def test_a_project_without_a_model_has_the_config_that_it_trains_first(tmp_path):
    project = open_project(str(make(tmp_path)))
    assert project.config == str(tmp_path / 'configs' / 'supervised.py')
    assert project.kind == 'images' and project.checkpoint is None
    assert project.images == str(tmp_path / 'images') and is_project(str(tmp_path))


def test_the_newest_run_is_the_model_be_it_one_of_a_round(tmp_path):
    make(tmp_path)
    train(tmp_path, 'old', 1000)
    newest = train(tmp_path, 'experiment/round_01', 3000)
    train(tmp_path, 'experiment/round_00', 2000)
    project = open_project(str(tmp_path))
    assert project.checkpoint == str(newest / 'iter_5.pth')
    assert project.config == str(newest / 'mine.py')
    bootstrapped = train(tmp_path, 'experiment/round_01/bootstrap_1', 4000)
    assert open_project(str(tmp_path)).checkpoint == str(bootstrapped / 'iter_5.pth')


def test_a_copy_has_the_same_model_whatever_the_times_of_its_files(tmp_path):
    make(tmp_path)
    for name, began, age in (('a', '20260102_000000', 9), ('b', '20260101_235959', 1)):
        train(tmp_path, name, age)
        (tmp_path / 'work_dirs' / name / began).mkdir()
    assert open_project(str(tmp_path)).checkpoint == str(tmp_path / 'work_dirs/a/iter_5.pth')


def test_a_project_may_be_moved(tmp_path):
    run = train(make(tmp_path), 'run', 1000, noted='/gone/work_dirs/run/iter_5.pth')
    assert open_project(str(tmp_path)).checkpoint == str(run / 'iter_5.pth')


def test_a_named_checkpoint_is_taken_before_newer_ones(tmp_path):
    make(tmp_path, checkpoint='work_dirs/old/iter_5.pth')
    old = train(tmp_path, 'old', 1000)
    train(tmp_path, 'new', 2000)
    project = open_project(str(tmp_path))
    assert project.checkpoint == str(old / 'iter_5.pth') and project.config == str(old / 'mine.py')


@pytest.mark.parametrize(
    'change, text',
    [
        (dict(version=2), 'version'),
        (dict(format='coco'), 'not of a project'),
        (dict(pool='gone.json'), '"pool"'),
        (dict(checkpoint='gone.pth'), '"checkpoint"'),
        (dict(metainfo=3), '"metainfo"'),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, text):
    with pytest.raises(ProjectError, match=text):
        open_project(str(make(tmp_path, **change)))


def test_another_folder_is_no_project(tmp_path):
    assert not is_project(str(tmp_path))
    with pytest.raises(ProjectError, match='mmpose-al new'):
        open_project(str(tmp_path))


PLAIN = """
'What it is.'
a = -1.5
b = dict(c=[None, (1, 'x')], d={'e f': True})
_base_ = ['b.py']
"""


@pytest.mark.parametrize(
    'text, plain',
    [
        (PLAIN, True),
        ('', True),
        ('import os', False),
        ("a = open('x')", False),
        ("a = dict(b=dict.__class__('x'))", False),
        ('a = [x for x in (1, 2)]', False),
        ('a.b = 1', False),
        ('for a in (1, 2):\\n    b = a', False),
        ('a =', False),
        ('\\0', False),
    ],
)
def test_data_are_told_from_code(tmp_path, text, plain):
    path = tmp_path / 'a.py'
    path.write_text(text)
    assert is_plain_config(str(path)) == plain
    assert not is_plain_config(str(tmp_path / 'none.py'))


@pytest.mark.parametrize(
    'name',
    [
        'semi_supervised/lspet/posedual-a_lite0-lite0-simcc_lspet-64x64_50.py',
        'active_learning/panoptic/mvc-ra-pl_res50_panoptic-256x256.py',
    ],
)
def test_a_config_that_a_run_wrote_is_data(tmp_path, name):
    path = str(tmp_path / 'written.py')
    Config.fromfile(os.path.join(ROOT, 'configs', name)).dump(path)
    assert is_plain_config(path)
