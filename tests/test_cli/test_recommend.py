"""``mmpose-al recommend`` on a project."""

import os
import sys
from types import SimpleNamespace

import pytest

from mmpose_al.cli import recommend
from mmpose_al.cli.launch import read_config
from mmpose_al.projects.advice import Pace
from tests.commands import command
from tests.launching import run
from tests.test_projects.files import deeplabcut

WALK = {f'img{n:03d}.png': [(10.0 + n, 20.0), (12.0, 22.0 + n), None] for n in range(6)}


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    deeplabcut(tmp_path / 'mouse', WALK, with_video=True)
    command('new', 'p', 'mouse', '--frames', 5, '--pairs', 'leftear=rightear', '--val', 'none')
    return 'p'


def test_a_project_gets_a_table_and_the_next_command(project):
    before = sorted(os.listdir(project))
    said = run([sys.executable, '-m', 'mmpose_al', 'recommend', project], '.')  # as people do
    assert '6 people with labels, 3 without' in said
    for what in ('method  experiment', 'input   64x64', 'batch   6', 'steps   1000', 'measured on'):
        assert what in said, said
    assert 'nobody has labelled rightear' in said and 'nothing validates' in said
    assert 'lite0_64x64.py' in said  # the project has 128x128
    assert 'train p/configs/experiment.py' in said
    assert sorted(os.listdir(project)) == before


def test_the_time_is_that_of_the_network_of_the_project(project, monkeypatch, capsys):
    monkeypatch.setattr(recommend, 'measure', lambda cfg: Pace(1.0, 128, 4.0))
    command('recommend', project)
    # 6 trainings of 1000 steps of 6 images, a quarter of the pixels
    assert '2.5 hours' in capsys.readouterr().out


def test_a_step_is_measured(project):
    pace = recommend.measure(read_config('p/configs/data.py'))
    # PoseDual: 16 labels and 16 others, two networks: 2 x 16 x 3 + 16 x (2 + 2 x 3), of 16 x 3
    assert pace.size == 128 and 0 < pace.seconds < 10 and pace.dual == pytest.approx(224 / 48)


def test_another_folder_is_no_project(tmp_path):
    with pytest.raises(SystemExit, match='is no project'):
        command('recommend', tmp_path)


def test_a_machine_without_a_gpu_has_cores_and_memory(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    here = recommend.this_machine()
    assert here.cores >= 1 and here.memory > 0 and here.gpu == ''
    gpu = SimpleNamespace(total_memory=2**33, name='A GPU')
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'get_device_properties', lambda number: gpu)
    assert recommend.this_machine()[1:] == (8.0, 'A GPU')
