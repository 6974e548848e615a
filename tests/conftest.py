import pytest
import torch
from mmengine.registry import init_default_scope


@pytest.fixture(autouse=True)
def as_in_a_run():
    """Types resolve under ``default_scope = 'mmpose'``; one thread a process."""
    init_default_scope('mmpose')
    torch.set_num_threads(1)
