"""Several processes without a GPU.

MMEngine's launchers choose a CUDA device before they make the process group, and its
Runner wraps the model with a ``device_ids`` that only a GPU has. Both fail on a CPU.
Here the gloo group is made first, which the Runner then leaves alone, and the model's
wrapper is told that there is no device.
"""

import atexit
import datetime
import os
import subprocess
import time
from typing import Dict, Mapping, Optional

import torch.distributed as torch_dist
from mmengine.config import ConfigDict
from mmengine.device import get_device

DEFAULT_PORT = '29500'
LAST_BREATH = 0.5  # seconds


def launch_environment(
    launcher: str, environ: Mapping[str, str], first_host: Optional[str] = None
) -> Dict[str, str]:
    """What ``torch.distributed`` wants to know, from what a launcher says.

    Args:
        launcher (str): 'pytorch' (torchrun), 'slurm' or 'mpi' (Open MPI).
        environ (Mapping): The environment of the process.
        first_host (str, optional): Host of rank 0, where the launcher does not
            say it in ``MASTER_ADDR``.

    Returns:
        dict: ``RANK``, ``WORLD_SIZE``, ``LOCAL_RANK``, ``MASTER_ADDR`` and
        ``MASTER_PORT``, as strings.

    Raises:
        RuntimeError: When a variable is missing; it names the variable.
        ValueError: When the launcher is unknown.
    """
    names = {
        'pytorch': ('RANK', 'WORLD_SIZE', 'LOCAL_RANK'),
        'slurm': ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID'),
        'mpi': ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_RANK'),
    }
    if launcher not in names:
        raise ValueError(f"unknown launcher '{launcher}'; choose from {', '.join(names)}")
    missing = [name for name in names[launcher] if name not in environ]
    address = environ.get('MASTER_ADDR') or first_host
    if not address:
        missing.append('MASTER_ADDR')
    if missing:
        raise RuntimeError(
            f'--launcher {launcher} needs {", ".join(missing)} in the environment, '
            'which the launcher sets: start the processes with torchrun '
            '(tools/dist_train.sh), srun (tools/slurm_train.sh) or mpirun, or leave '
            '--launcher out to train in one process'
        )
    rank, world_size, local_rank = (environ[name] for name in names[launcher])
    return dict(
        RANK=rank,
        WORLD_SIZE=world_size,
        LOCAL_RANK=local_rank,
        MASTER_ADDR=address,
        MASTER_PORT=environ.get('MASTER_PORT') or DEFAULT_PORT,
    )


def wrapper_without_device(
    model_wrapper_cfg: Optional[dict], find_unused_parameters: bool = False
) -> ConfigDict:
    """The ``model_wrapper_cfg`` with which MMEngine wraps a model on a CPU.

    Args:
        model_wrapper_cfg (dict, optional): What the config asks for. Its type and
            options are kept.
        find_unused_parameters (bool): Used where ``model_wrapper_cfg`` is None, as
            MMEngine does.

    Returns:
        ConfigDict: The same with ``device_ids`` written out as None; MMEngine fills
        in the local rank where the key is absent.
    """
    if model_wrapper_cfg is None:
        model_wrapper_cfg = dict(
            type='MMDistributedDataParallel',
            broadcast_buffers=False,
            find_unused_parameters=find_unused_parameters,
        )
    return ConfigDict(model_wrapper_cfg, device_ids=None)


def init_gloo(launcher: str, timeout: Optional[float] = None) -> None:
    """Make the gloo process group; nothing where there is a group already.

    Args:
        launcher (str): As for :func:`launch_environment`.
        timeout (float, optional): Seconds to wait for the other processes.
    """
    if torch_dist.is_initialized():
        return
    first_host = None
    if launcher == 'slurm' and not os.environ.get('MASTER_ADDR'):
        first_host = _first_slurm_host(os.environ.get('SLURM_NODELIST', ''))
    os.environ.update(launch_environment(launcher, os.environ, first_host))
    options = {}
    if timeout is not None:
        options['timeout'] = datetime.timedelta(seconds=timeout)
    torch_dist.init_process_group(backend='gloo', **options)
    # A thread of gloo that still holds the tensors of the last collective when Python
    # ends takes the process with it ("terminate called without an active exception").
    atexit.register(time.sleep, LAST_BREATH)


def prepare_launch(cfg) -> None:
    """Make a config that was written for GPUs run in several processes without one.

    Changes nothing where there is a GPU (or another accelerator MMEngine knows), or
    where the config has no launcher.

    Args:
        cfg (Config): With ``launcher`` set. ``model_wrapper_cfg`` is changed in
            place.
    """
    launcher = cfg.get('launcher', 'none')
    if launcher == 'none' or get_device() != 'cpu':
        return
    dist_cfg = cfg.get('env_cfg', {}).get('dist_cfg', {})
    init_gloo(launcher, dist_cfg.get('timeout'))
    cfg.model_wrapper_cfg = wrapper_without_device(
        cfg.get('model_wrapper_cfg'), cfg.get('find_unused_parameters', False)
    )


def init_gloo_under_torchrun() -> bool:
    """Make the gloo group if torchrun started this process and there is no GPU.

    Returns:
        bool: Whether this process is one of torchrun's, without a GPU.
    """
    started = 'TORCHELASTIC_RUN_ID' in os.environ and 'WORLD_SIZE' in os.environ
    if not started or get_device() != 'cpu':
        return False
    init_gloo('pytorch')
    return True


def _first_slurm_host(node_list: str) -> Optional[str]:
    """The first host of a Slurm node list such as ``node[3-5,7]``."""
    if not node_list:
        return None
    hosts = subprocess.run(
        ['scontrol', 'show', 'hostnames', node_list], stdout=subprocess.PIPE, check=True, text=True
    ).stdout.split()
    return hosts[0] if hosts else None
