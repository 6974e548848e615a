"""A student taken out of a checkpoint predicts as it did inside."""

import pytest
import torch
from mmpose.registry import MODELS

from tests.commands import command
from tests.helpers import images, student


def test_round_trip(tmp_path, capsys):
    dual = MODELS.build(dict(type='PoseDual', students=student())).eval()
    for parameter in dual.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    source, out = str(tmp_path / 'dual.pth'), str(tmp_path / 'one.pth')
    torch.save(dict(meta=dict(), state_dict=dual.state_dict()), source)
    command('extract', source, out, '--student', 1)
    assert 'student 1' in capsys.readouterr().out
    alone = MODELS.build(student()).eval()
    alone.load_state_dict(torch.load(out, weights_only=True)['state_dict'])
    batch = images(2)
    with torch.no_grad():
        assert torch.equal(alone(batch, None), dual.students[1](batch, None))
    with pytest.raises(SystemExit, match='students 0, 1'):
        command('extract', source, out, '--student', 7)
