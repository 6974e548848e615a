import logging

import pytest
import torch
from mmpose.registry import HOOKS

import mmpose_al.engine  # noqa: F401


class Run:
    def __init__(self):
        self.model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3))
        self.logger = logging.getLogger('channels_last')


@pytest.mark.parametrize(
    'version, converted',
    [('2.1.2+cu121', False), ('2.10.0', False), ('2.11.0+cu130', True), ('2.12.1', True)],
)
def test_converts_where_it_is_known_to_be_quicker(version, converted, monkeypatch, caplog):
    monkeypatch.setattr(torch, '__version__', version)
    run = Run()
    weight = run.model[0].weight.detach().clone()
    with caplog.at_level(logging.INFO):
        HOOKS.build(dict(type='ChannelsLastHook')).before_run(run)
    found = run.model[0].weight
    assert found.is_contiguous(memory_format=torch.channels_last) == converted
    assert torch.equal(found, weight)
    assert ('left alone' in caplog.text) != converted
