"""``mmpose-al report`` hands on what it is given."""

import sys
import types

import pytest

from mmpose_al.cli.main import main


def test_report_is_handed_on(tmp_path, monkeypatch, capsys):
    calls = []
    module = types.ModuleType('mmpose_al.active_learning.report')
    module.write_report = lambda dirs, out: calls.append((dirs, out)) or f'{out}/index.html'
    monkeypatch.setitem(sys.modules, 'mmpose_al.active_learning.report', module)
    assert main(['report', 'a', 'b', '--out', 'c']) == 0
    assert calls == [(['a', 'b'], 'c')]
    assert 'c/index.html' in capsys.readouterr().out


def test_wrong_usage(capsys):
    with pytest.raises(SystemExit) as left:
        main(['report', 'a'])
    assert left.value.code == 2 and '--out' in capsys.readouterr().err
