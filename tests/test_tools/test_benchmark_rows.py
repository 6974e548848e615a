"""What the rows of the tables run, and what they cost."""
import os.path as osp
import sys

import pytest
from mmengine.config import Config

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
sys.path.insert(0, osp.join(ROOT, 'benchmarks'))

import semi_supervised  # noqa: E402


@pytest.mark.parametrize('table', semi_supervised.TABLES)
def test_every_row_has_a_config_and_the_seed_sets_its_labels(table):
    for row, path in semi_supervised.TABLES[table].items():
        config = Config.fromfile(osp.join(ROOT, path), import_custom_modules=False)
        options = semi_supervised.seed_options(config, 5)
        labeled = config.train_dataloader.dataset.labeled
        key = 'train_dataloader.dataset.labeled.labels.seed'
        assert (options.get(key) == 5) == (row != 'supervised-all'), row
        assert bool(labeled.get('labels')) == (row != 'supervised-all'), row


def test_equal_compute_by_hand():
    config = Config.fromfile(
        osp.join(ROOT, semi_supervised.TABLES['lspet']['supervised']),
        import_custom_modules=False)
    assert config.train_cfg.max_iters == 1000
    # 14 forwards a step of PoseDual, 3 of supervised training: 1000 * 14 / 3
    options = semi_supervised.equal_compute(config, 'supervised')
    assert options == {
        'train_cfg.max_iters': 4667,
        'param_scheduler.1.milestones': [3266, 4200],
        'param_scheduler.1.end': 4667}
    assert semi_supervised.equal_compute(config, 'posedual-a-jc')[
        'train_cfg.max_iters'] == 1000
    assert semi_supervised.equal_compute(config, 'multipath-denoised')[
        'train_cfg.max_iters'] == 583


def test_cost_of_a_row():
    assert semi_supervised.forwards('denoised-a-jc') == 18
    assert semi_supervised.forwards('multipath-dual') == 20
    assert semi_supervised.forwards('supervised-all') == 3
    with pytest.raises(ValueError, match='unknown-row'):
        semi_supervised.forwards('unknown-row')
