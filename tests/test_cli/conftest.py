import pytest

from tests.test_cli.people import asked_experiment


@pytest.fixture
def experiment(tmp_path):
    """See :func:`asked_experiment`."""
    return asked_experiment(tmp_path)
