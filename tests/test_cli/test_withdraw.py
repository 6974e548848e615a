"""``mmpose-al withdraw``: labels are taken back."""

from mmpose_al.active_learning.paths import Paths
from mmpose_al.cli.main import main
from tests.test_active_learning.people import labelled
from tests.test_cli.people import exported


def test_withdraw_says_what_is_left(experiment, tmp_path, capsys):
    work, pixels = experiment
    assert main(['ingest', work, exported(work, pixels, tmp_path)]) == 0
    capsys.readouterr()
    assert main(['withdraw', work, '--persons', '80', '--joints', 'nose', '--dry-run']) == 0
    assert '1 labels would be taken back; 0 persons have none now' in capsys.readouterr().out
    assert main(['withdraw', work, '--persons', '80']) == 0
    assert '5 labels are taken back; 1 persons have none now' in capsys.readouterr().out
    assert sorted(labelled(Paths(work).labels)[0]) == [81]
    assert main(['withdraw', work, '--persons', '80']) == 1
    assert 'person 80 has no such label' in capsys.readouterr().err
