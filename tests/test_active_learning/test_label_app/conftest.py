"""An experiment whose query is open, and a session of it."""

import pytest

from mmpose_al.active_learning.label_app.session import Session
from tests.test_cli.people import asked_experiment


@pytest.fixture
def experiment(tmp_path):
    """Round 1 asks for frames 20 and 0 in four views; gives the folder and the true pixels."""
    return asked_experiment(tmp_path)


@pytest.fixture
def session(experiment):
    """Anna has begun in a tab."""
    session = Session(experiment[0])
    session.join('Anna', 'tab-a')
    return session
