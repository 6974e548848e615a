import pytest

from tests.test_active_learning.test_servers.studio import studio_server
from tests.test_cli.people import asked_experiment

pytest.importorskip('requests', reason='the extra label_studio is not installed')


@pytest.fixture
def experiment(tmp_path):
    """Round 1 asks for frames 20 and 0 in four views; gives the folder and the true pixels."""
    return asked_experiment(tmp_path)


@pytest.fixture
def studio():
    """A server: what it holds, and its address."""
    with studio_server() as running:
        yield running
