"""The study of confidence: its rows' configs, and its table of made-up results."""

import os.path as osp

from mmengine.config import Config

from benchmarks.confidence import ROOT, ROWS, schedule, table


def test_rows_name_configs_and_keys_that_there_are():
    for of, path, options, radius in ROWS.values():
        config = Config.fromfile(osp.join(ROOT, path), import_custom_modules=False)
        schedulers = len(config.param_scheduler)
        config.merge_from_dict(options)
        assert config.train_cfg.max_iters == options['train_cfg.max_iters'] and 0 < radius < 1
        assert len(config.param_scheduler) == schedulers
        assert f'{config.train_cfg.max_iters:,} steps' in of
    assert schedule(1000)['param_scheduler.1.milestones'] == [700, 900]


def test_table_by_hand():
    scores = dict(mean=0.6, right=0.4, ECE=0.2, NLL=0.9, joints_mean=0.3, joints_max=0.45)
    platt = dict(mean=0.4, right=0.4, ECE=0.01, NLL=0.5, joints_mean=0.03, joints_max=0.04)
    figures = dict(scores=scores, platt=platt)
    row = dict(of='a mouse', radius=0.05, method='platt', slope=0.5, intercept=-1, figures=figures)
    row['machine'] = 'a machine'
    text = table(dict(rows=dict(mouse=row)))
    assert '| a mouse | 0.05 | scores | 60.0 | 40.0 | 20.0 | 0.900 | 30.0 | 45.0 |' in text
    assert '| a mouse | 0.05 | platt | 40.0 | 40.0 | 1.0 | 0.500 | 3.0 | 4.0 |' in text
    assert text.endswith('a mouse: slope 0.50, intercept -1.00; a machine.')
    for each in figures.values():
        del each['joints_mean'], each['joints_max']
    assert '| 40.0 | 20.0 | 0.900 |  |  |' in table(dict(rows=dict(mouse=row)))  # an earlier result
