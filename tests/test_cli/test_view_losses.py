"""``mmpose-al view-losses``: a verdict, and the same figures as a file."""

import json

import numpy as np
from mmengine.config import Config

from mmpose_al.analysis import view_losses
from mmpose_al.cli import launch
from tests.commands import command


def test_the_verdict_is_printed_and_the_figures_are_written(monkeypatch, tmp_path, capsys):
    rows = {
        name: dict(limbs=value, sum=value)
        for name, value in zip(('predicted', 'true', 'flat'), (3.0, 1.0, 2.0))
    }
    errors = np.array([0.1, 0.2, 0.6])
    asked = []

    def losses(config, name, checkpoint, batches):
        asked.append((config.of, name, checkpoint, batches))
        return rows, errors

    monkeypatch.setattr(launch, 'read_config', lambda name: Config(dict(of=name)))
    monkeypatch.setattr(view_losses, 'view_losses', losses)
    out = tmp_path / 'out.json'
    command('view-losses', 'c.py', 'a.pth', '--batches', 2, '--out', out)
    assert asked == [('c.py', 'c.py', 'a.pth', 2)]
    assert 'The true depths have the lowest sum' in capsys.readouterr().out
    content = json.loads(out.read_text())
    assert (content['config'], content['batches'], content['losses']) == ('c.py', 2, rows)
    assert abs(content['median_error'] - 0.2) < 1e-6
