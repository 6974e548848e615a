"""What every server can be asked."""

import inspect
from importlib import import_module

import pytest

from mmpose_al.active_learning.servers import AnnotationServer
from mmpose_al.active_learning.servers.base import in_parts
from mmpose_al.active_learning.servers.tools import TOOLS


@pytest.mark.parametrize('name', list(TOOLS))
def test_each_server_answers_all_that_is_asked(name):
    module = import_module(f'mmpose_al.active_learning.servers.{TOOLS[name].module}')
    server = getattr(module, TOOLS[name].server)
    assert issubclass(server, AnnotationServer) and server.tool == name and server.name
    for method, asked in inspect.getmembers(AnnotationServer, inspect.isfunction):
        own = getattr(server, method)
        assert own is not asked, method
        if method != '__init__':
            assert list(inspect.signature(own).parameters) == list(
                inspect.signature(asked).parameters
            )


def test_parts():
    assert [list(part) for part in in_parts(range(5), 2)] == [[0, 1], [2, 3], [4]]
    assert list(in_parts([], 2)) == []
