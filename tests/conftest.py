import pytest
import torch
from mmengine.registry import init_default_scope

from .quick import quick


def pytest_collection_finish():
    quick()


@pytest.fixture(autouse=True)
def as_in_a_run():
    """Types resolve under ``default_scope = 'mmpose'``; one thread a process."""
    init_default_scope('mmpose')
    torch.set_num_threads(1)


@pytest.fixture(scope='session')
def tiny(tmp_path_factory):
    """Folder of the smallest synthetic benchmark, written once; tests only read it."""
    from mmpose_al.synthetic import write_benchmark

    folder = str(tmp_path_factory.mktemp('rig') / 'tiny')
    write_benchmark(folder, 'tiny', workers=1, progress=False)
    return folder
