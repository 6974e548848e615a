"""Two processes without a GPU, under our launchers and MMPose's own."""

import json
import runpy
import sys

import pytest
import torch

from tests.launching import MMPOSE_TOOLS, ROOT, logged_losses, run
from tests.tiny_coco import write_config

WRAPPER = """
custom_imports = dict(imports=['mmpose_al', 'mmpose_al.engine.gloo_without_gpu'])
model_wrapper_cfg = dict(
    type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False)
"""


@pytest.fixture
def run_here(monkeypatch):
    """Runs a script as ``python script words...`` would, in this process."""

    def call(script, *words):
        monkeypatch.setattr(sys, 'argv', [str(w) for w in (script,) + words])
        monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
        monkeypatch.setenv('LOCAL_RANK', '0')
        runpy.run_path(str(script), run_name='__main__')

    return call


def weights(path):
    return torch.load(path, map_location='cpu', weights_only=False)['state_dict']


def test_two_gloo_processes_train_and_test_any_mmpose_config(tmp_path):
    config = write_config(
        tmp_path,
        """
test_dataloader = dict(
    batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(test_mode=True, **dataset))
test_cfg = dict()
test_evaluator = dict(type='PCKAccuracy', thr=0.5)
""",
    )
    output = run(['bash', f'{ROOT}/tools/dist_train.sh', config, 2, '--work-dir', 'w'], tmp_path)
    assert 'GPU number: 2' in output
    assert len(logged_losses(tmp_path / 'w')) == 2
    run(
        [
            'bash',
            f'{ROOT}/tools/dist_test.sh',
            config,
            'w/iter_2.pth',
            2,
            '--work-dir',
            't',
            '--out',
            'metrics.json',
        ],
        tmp_path,
    )
    with open(tmp_path / 'metrics.json') as file:
        assert 0 <= json.load(file)['PCK'] <= 1


def test_mmpose_own_dist_train_runs_a_prepared_config_without_gpu(tmp_path, run_here):
    # Each rank sees half of a batch of 4 and gloo averages their gradients, so both
    # trainings give the same network (its BatchNorm uses no batch statistics).
    config = write_config(tmp_path, WRAPPER)
    output = run(
        ['bash', f'{MMPOSE_TOOLS}/dist_train.sh', config, 2, '--work-dir', 'two'], tmp_path
    )
    assert 'GPU number: 2' in output
    run_here(
        f'{MMPOSE_TOOLS}/train.py',
        config,
        '--work-dir',
        tmp_path / 'one',
        '--cfg-options',
        'train_dataloader.batch_size=4',
        'experiment_name=one',
    )
    two, one = (weights(tmp_path / name / 'iter_2.pth') for name in ('two', 'one'))
    assert two.keys() == one.keys()
    for name in one:
        assert torch.allclose(two[name].float(), one[name].float(), atol=1e-5), name
