"""The import that lets MMPose's own launcher run without a GPU."""

import importlib
import sys

import torch

from mmpose_al.engine import distributed


def test_importing_it_asks_for_the_group_once(monkeypatch):
    asked = []
    monkeypatch.setattr(distributed, 'init_gloo_under_torchrun', lambda: asked.append(1))
    monkeypatch.delitem(sys.modules, 'mmpose_al.engine.gloo_without_gpu', raising=False)
    importlib.import_module('mmpose_al.engine.gloo_without_gpu')
    assert asked == [1]
    importlib.import_module('mmpose_al.engine.gloo_without_gpu')
    assert asked == [1]


def test_importing_it_does_nothing_outside_torchrun(monkeypatch):
    monkeypatch.delenv('TORCHELASTIC_RUN_ID', raising=False)
    monkeypatch.delitem(sys.modules, 'mmpose_al.engine.gloo_without_gpu', raising=False)
    importlib.import_module('mmpose_al.engine.gloo_without_gpu')
    assert not torch.distributed.is_initialized()
