"""Launchers by their environment, and process groups without a GPU."""

import pytest
import torch
from mmengine.config import Config

from mmpose_al.engine.distributed import launch_environment, wrapper_without_device
from tests.tiny_coco import NUM_IMAGES


@pytest.mark.parametrize(
    'launcher, environ',
    [
        (
            'pytorch',
            dict(RANK='3', WORLD_SIZE='4', LOCAL_RANK='1', MASTER_ADDR='a', MASTER_PORT='7'),
        ),
        (
            'slurm',
            dict(
                SLURM_PROCID='3',
                SLURM_NTASKS='4',
                SLURM_LOCALID='1',
                MASTER_ADDR='a',
                MASTER_PORT='7',
            ),
        ),
        (
            'mpi',
            dict(
                OMPI_COMM_WORLD_RANK='3',
                OMPI_COMM_WORLD_SIZE='4',
                OMPI_COMM_WORLD_LOCAL_RANK='1',
                MASTER_ADDR='a',
                MASTER_PORT='7',
            ),
        ),
    ],
)
def test_launch_environment_speaks_every_launcher(launcher, environ):
    assert launch_environment(launcher, environ) == dict(
        RANK='3', WORLD_SIZE='4', LOCAL_RANK='1', MASTER_ADDR='a', MASTER_PORT='7'
    )


def test_launch_environment_names_what_is_missing():
    with pytest.raises(RuntimeError, match='RANK, LOCAL_RANK, MASTER_ADDR'):
        launch_environment('pytorch', dict(WORLD_SIZE='2'))
    with pytest.raises(ValueError, match="unknown launcher 'ssh'"):
        launch_environment('ssh', {})
    found = launch_environment(
        'pytorch', dict(RANK='0', WORLD_SIZE='1', LOCAL_RANK='0'), first_host='node1'
    )
    assert (found['MASTER_ADDR'], found['MASTER_PORT']) == ('node1', '29500')


def test_wrapper_keeps_what_the_config_asks_for():
    assert wrapper_without_device(None, True) == dict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=True,
        device_ids=None,
    )
    asked = dict(type='MMSeparateDistributedDataParallel', static_graph=True)
    assert wrapper_without_device(asked) == dict(asked, device_ids=None)
    assert 'device_ids' not in asked


def test_import_makes_no_group_outside_torchrun(monkeypatch):
    from mmpose_al.engine import distributed

    monkeypatch.delenv('TORCHELASTIC_RUN_ID', raising=False)
    assert distributed.init_gloo_under_torchrun() is False
    assert not torch.distributed.is_initialized()


def test_prepare_launch_leaves_one_process_alone():
    from mmpose_al.engine.distributed import prepare_launch

    cfg = Config(dict(launcher='none'))
    prepare_launch(cfg)
    assert cfg.to_dict() == dict(launcher='none')
    assert NUM_IMAGES % 4 == 0  # the two-process test needs full batches
