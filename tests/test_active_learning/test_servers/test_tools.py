"""Which tool is meant."""

import pytest

from mmpose_al.active_learning.servers import CvatServer
from mmpose_al.active_learning.servers.tools import TOOLS, chosen_tool
from tests.test_active_learning.test_servers.cvat_server import TOKEN, cvat_server


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch):
    for tool in TOOLS.values():
        for variable in (tool.url, tool.token):
            monkeypatch.delenv(variable, raising=False)


def test_the_variables_say_which(monkeypatch):
    assert chosen_tool() == 'label_studio' and chosen_tool('cvat') == 'cvat'
    assert chosen_tool('none of ours') == 'label_studio'
    monkeypatch.setenv('CVAT_URL', 'http://a')
    assert chosen_tool() == chosen_tool('label_studio') == 'cvat'
    monkeypatch.setenv('LABEL_STUDIO_API_KEY', 'b')
    assert chosen_tool('label_studio') == 'label_studio' and chosen_tool('cvat') == 'cvat'
    with pytest.raises(ValueError, match='label_studio and cvat are set; say which with --tool'):
        chosen_tool()


def test_connect():
    with cvat_server() as (_, url):
        server = TOOLS['cvat'].connect(url, TOKEN, 5)
    assert isinstance(server, CvatServer) and server.url == url
