"""``mmpose-al pull``: answers are taken, and told as ``ingest`` tells them."""

import pytest

from mmpose_al.active_learning.servers.tools import TOOLS
from mmpose_al.cli.main import main
from mmpose_al.command_line import command_line
from tests.test_active_learning.people import snapshot
from tests.test_active_learning.test_servers.studio import TOKEN, studio_server
from tests.test_active_learning.test_servers.test_exchange import joints

pytest.importorskip('requests', reason='the extra label_studio is not installed')
URL, TOKEN_VARIABLE = TOOLS['label_studio'].url, TOOLS['label_studio'].token


def test_a_round_is_push_label_pull(experiment, capsys, monkeypatch):
    work, pixels = experiment
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    with studio_server() as (held, url):
        monkeypatch.setenv(URL, url)
        assert main(['pull', work]) == 1
        assert 'nothing was pushed' in capsys.readouterr().err
        assert main(['push', work]) == 0
        for number in (80, 81, 82, 83):
            held.answer(number, joints(pixels[number]))
        before = snapshot(work)
        capsys.readouterr()
        assert main(['pull', work, '--dry-run']) == 0
        assert 'would be accepted' in capsys.readouterr().out and snapshot(work) == before
        assert main(['pull', work]) == 0
        said = capsys.readouterr().out
        assert '1 units, 4 views' in said and 'accepted (label_studio)' in said
        assert 'of 8 persons asked about, 4 are answered and 4 are open' in said
        assert command_line('train', work) in said
        monkeypatch.delenv(URL)  # the server of the push is known
        assert main(['pull', work]) == 0
        assert 'nothing is new' in capsys.readouterr().out
