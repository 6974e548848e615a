"""The rows of benchmarks/weakly_supervised.py and their data."""

import os.path as osp

import pytest
from mmengine.config import Config

from benchmarks import weakly_supervised
from mmpose_al.analysis import results_table
from tests import ROOT


def test_rows_of_the_benchmark_have_configs():
    for row in ('pretrain',) + weakly_supervised.ROWS:
        assert osp.exists(osp.join(ROOT, weakly_supervised.PATH.format(row)))
    assert set(results_table.ORDER_3D) == set(weakly_supervised.ROWS)


def test_missing_data_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(weakly_supervised, 'ROOT', str(tmp_path))
    config = Config(dict(data_root='studio/', people_root='people/'))
    with pytest.raises(SystemExit, match='mmpose-al synthetic studio/ --preset studio'):
        weakly_supervised.check_data(config)
    (tmp_path / 'studio').mkdir()
    with pytest.raises(SystemExit, match='people/ --preset people --seed 1'):
        weakly_supervised.check_data(config)
    (tmp_path / 'people').mkdir()
    weakly_supervised.check_data(config)
