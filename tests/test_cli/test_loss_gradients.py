"""``mmpose-al loss-gradients``: a table, and the same figures as a file."""

import json

import pytest
from mmengine.config import Config

from mmpose_al.analysis import loss_gradients
from mmpose_al.cli import launch
from tests.commands import command

ROW = dict(value=1.5, heatmaps=0.25, depths=0.0, shared=2.0)


@pytest.mark.parametrize('checkpoint', [[], ['a.pth']])
def test_the_figures_are_printed_and_written(monkeypatch, tmp_path, capsys, checkpoint):
    asked = []

    def gradients(config, weights, batches):
        asked.append((config.of, weights, batches))
        return {'loss_kpt': ROW}, 0.5, batches

    monkeypatch.setattr(launch, 'read_config', lambda name: Config(dict(of=name)))
    monkeypatch.setattr(loss_gradients, 'mean_gradients', gradients)
    out = tmp_path / 'out.json'
    command('loss-gradients', 'c.py', *checkpoint, '--batches', 3, '--out', out)
    assert asked == [('c.py', checkpoint[0] if checkpoint else None, 3)]
    header, row, masked = capsys.readouterr().out.splitlines()
    assert header.split() == ['loss', *ROW]
    assert row.split() == ['loss_kpt', '1.5000', '0.2500', '0.0000', '2.0000']
    assert masked == 'masked poses a batch: 0.5'
    assert json.loads(out.read_text()) == dict(
        config='c.py', batches=3, losses={'loss_kpt': ROW}, masked_poses=0.5
    )
