"""benchmarks/pseudo_targets.py: what it says of targets that are known."""

import os.path as osp

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpose.registry import MODELS

from benchmarks import pseudo_targets
from mmpose_al.models.views import carry, easy_view
from tests import ROOT

LSPET = osp.join(ROOT, '..', 'shared', 'data', 'lspet')


def spot(value, x, size=8):
    heatmaps = torch.zeros(1, 1, 1, size, size)
    heatmaps[..., 3, x] = value
    return heatmaps


class Settings:
    threshold, sigma, margin = 0.1, 1.0, 0.05


def test_recipes_by_hand():
    seen = torch.ones(2, 1, 1, 8, 8)
    own = torch.cat([spot(0.8, 2), spot(0.8, 2)])  # sure of x = 2
    other = torch.cat([spot(0.05, 5), spot(0.9, 6)])  # not sure
    found = pseudo_targets.recipes(Settings, [(own, seen), (other, seen)])

    def at(name):
        target, taught = found[name]
        return int(target.flatten().argmax()) % 8, target.max().item(), taught.item()

    assert at('easy view') == (5, pytest.approx(0.05), True)
    assert at('easy view, redrawn')[2] is False  # below the threshold
    assert at('average') == (6, pytest.approx(0.45), True)
    assert at('maximum') == (6, pytest.approx(0.9), True)
    assert at('maximum, redrawn') == (6, 1.0, True)
    assert at('maximum, redrawn, selected') == (2, 1.0, True)


@pytest.mark.skipif(not osp.isdir(LSPET), reason='no ../shared/data/lspet')
def test_networks_that_know_the_labels_are_right(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv('LSPET_ROOT', LSPET + '/')
    config = Config.fromfile('configs/semi_supervised/lspet/denoised-a_lite0_lspet-64x64_50.py')
    model = MODELS.build(config.model)
    batch = next(iter(Runner.build_dataloader(config.train_dataloader, seed=0)))
    truth = torch.stack(
        [s.gt_fields.heatmaps for s in batch['data_samples'] if not s.metainfo['is_labeled']]
    )

    def candidates(shift):
        def make(network, images, hard, views, flips):
            easy = truth.roll(shift, -1)
            carried = [
                carry(easy, easy_view(len(easy), easy), hard, model.scale_factor, flips)
                for _ in views
            ]
            return (
                torch.stack([c[0] for c in carried]),
                torch.stack([c[1] for c in carried]),
                easy,
            )

        return make

    model.candidates = candidates(0)
    rows = pseudo_targets.measure(model, [batch])
    assert {row['taught'] for row in rows.values()} == {1.0}
    assert min(row['right'] for row in rows.values()) > 0.99
    assert rows['easy view']['error'] == pytest.approx(0, abs=1e-6)
    assert rows['maximum']['error'] == pytest.approx(0, abs=1e-6)
    assert 0 < rows['maximum, redrawn']['error'] < 0.3  # drawn at whole pixels
    model.candidates = candidates(4)  # 2.56 pixels are near enough
    rows = pseudo_targets.measure(model, [batch])
    assert rows['easy view']['right'] < 0.05 and rows['easy view']['error'] > 1
