"""The page "Add a strategy": its file, outside the package, is all that it takes."""

import json
import os.path as osp

import numpy as np
import pytest
from mmengine.utils import import_modules_from_strings

from mmpose_al.active_learning import QUERY_STRATEGIES
from mmpose_al.active_learning.statistics import MissingStatistic, save_views
from tests.test_active_learning.rig import make_pool, make_views
from tests.test_docs.outside import command, outside

PAGE = osp.join('docs', 'extending', 'strategy.md')
MODULE = 'unsure'


@pytest.fixture
def forget(tmp_path, monkeypatch):
    with outside(PAGE, MODULE, [QUERY_STRATEGIES], tmp_path, monkeypatch) as function:
        yield function


def unsure_views():
    """Frames 0, 10, 20 with 0, 8 and 4 of 20 keypoints below 0.2."""
    views, _ = make_views(3)
    scores = np.full((12, 5), 0.9, np.float32)
    scores[4:8, :2] = 0.1
    scores[8:10, 1:3] = 0.15
    return views.replace(scores=scores)


def test_one_file_adds_a_strategy(forget):
    import_modules_from_strings([MODULE])
    pool = make_pool(3)
    pool.views = unsure_views()
    strategy = QUERY_STRATEGIES.build(dict(type='UnsureKeypoints', below=0.2))
    selection = strategy.select(pool, 2)
    assert selection.ids == [10, 20] and selection.utilities == [2.0, 1.0]
    pool.views = pool.views.drop('scores')
    with pytest.raises(MissingStatistic, match="UnsureKeypoints reads the statistic 'scores'"):
        strategy.select(pool, 1)
    with pytest.raises(ValueError, match='below is a confidence'):
        QUERY_STRATEGIES.build(dict(type='UnsureKeypoints', below=0))


def test_replay_finds_it_through_a_config(forget, tmp_path, capsys):
    path, cfg = str(tmp_path / 'scores.npz'), tmp_path / 'config.py'
    save_views(unsure_views(), path)
    cfg.write_text(
        "custom_imports = dict(imports=['mmpose_al', 'unsure'], allow_failed_imports=False)\n"
        "active_learning = dict(strategy=dict(type='UnsureKeypoints', below=0.12))\n"
    )
    assert 'UnsureKeypoints' not in QUERY_STRATEGIES.module_dict
    assert command('replay', path, '--config', str(cfg), '--budget', '1', '--json') == 0
    found = json.loads(capsys.readouterr().out)
    assert found['ids'] == [10] and found['utilities'] == [2.0]
