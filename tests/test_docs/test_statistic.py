"""The page "Add a statistic": its file, outside the package, is all that it takes."""

import json
import os
import os.path as osp

import numpy as np
import pytest
import torch
from mmengine.utils import import_modules_from_strings

from mmpose_al.active_learning import QUERY_STRATEGIES, STATISTICS
from mmpose_al.active_learning.statistics import load_views
from tests.test_active_learning.test_statistics.batches import batch_of
from tests.test_docs.outside import command, outside
from tests.test_engine.test_active_learning import config, run

PAGE = osp.join('docs', 'extending', 'statistic.md')
MODULE = 'spread'


@pytest.fixture
def forget(tmp_path, monkeypatch):
    registries = (STATISTICS, QUERY_STRATEGIES)
    with outside(PAGE, MODULE, registries, tmp_path, monkeypatch) as function:
        yield function


@pytest.fixture
def data(tmp_path):
    from mmpose_al.synthetic import write_benchmark

    write_benchmark(str(tmp_path / 'data'), 'tiny', workers=1)
    return str(tmp_path / 'data')


def experiment(data, work, **section):
    """One round of it, and one more that labels what the strategy chose."""
    cfg = config(data, work, initial=1, limits=dict(rounds=2), self_training=None, **section)
    cfg.custom_imports.imports.append(MODULE)
    return cfg


def test_one_file_adds_a_statistic_and_its_strategy(forget, data, tmp_path, capsys):
    work = str(tmp_path / 'work')
    import_modules_from_strings([MODULE])  # as custom_imports of a config does
    state = run(experiment(data, work, strategy=dict(type='WidestHeatmaps')))

    # the pass computed it, and the strategy picked by it
    views = load_views(osp.join(work, 'round_00', 'scores.npz'))
    assert views.spread.shape == (len(views), 17) and views.spread.dtype == np.float32
    assert np.isfinite(views.spread).all() and views.spread.std() > 0
    worth = {i: views.spread[views.unit == i].mean() for i in np.unique(views.unit).tolist()}
    free = sorted(set(worth) - set(state.content['labeled'][0]['ids']))
    expected = sorted(free, key=lambda unit: -worth[unit])[:2]
    picked = state.stage(0, 'select')
    assert (picked['strategy'], picked['ids']) == ('WidestHeatmaps', expected)
    assert picked['utilities'] == pytest.approx([worth[i] for i in expected], rel=1e-6)
    assert state.labeled() == sorted(state.content['labeled'][0]['ids'] + expected)

    # the commands of another process find it through the config of the experiment
    forget()
    assert 'spread' not in STATISTICS.module_dict
    capsys.readouterr()
    assert command('replay', work, '--round', '0', '--json') == 0
    found = json.loads(capsys.readouterr().out)
    assert found['ids'] == expected and found['utilities'] == picked['utilities']
    forget()
    assert command('replay', work, '--strategy', 'MultiPeakEntropy') == 0
    assert 'MultiPeakEntropy' in capsys.readouterr().out
    forget()
    out = str(tmp_path / 'report')
    assert command('report', work, '--out', out) == 0
    pages = [name for name in os.listdir(out) if name.endswith('.html')]
    assert pages and any('WidestHeatmaps' in open(osp.join(out, p)).read() for p in pages)


def test_an_experiment_that_did_not_compute_it(forget, data, tmp_path, capsys):
    work = str(tmp_path / 'work')
    import_modules_from_strings([MODULE])
    run(experiment(data, work, strategy=dict(type='RandomSampling')))
    assert 'spread' not in load_views(osp.join(work, 'round_00', 'scores.npz'))
    forget()
    capsys.readouterr()
    assert command('replay', work, '--strategy', 'WidestHeatmaps') == 1
    said = capsys.readouterr().err
    assert "WidestHeatmaps reads the statistic 'spread', which these scores do not hold" in said
    assert 'score the pool again with this strategy in the config' in said


def test_its_number_by_hand(forget):
    """Two pixels of equal mass, 6 and 8 apart in x and y: 5 from their mean."""
    import_modules_from_strings([MODULE])
    heatmaps = torch.zeros(1, 2, 12, 8)
    heatmaps[0, 0, 2, 1] = heatmaps[0, 0, 10, 7] = 0.4
    found = STATISTICS.get('spread')().compute(batch_of([heatmaps]))
    assert found.tolist() == [[pytest.approx(5), 0]]
