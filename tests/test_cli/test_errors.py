"""What commands raise is for the user."""

import pytest

from mmpose_al.cli.errors import CommandError, UsageError
from mmpose_al.cli.main import ERRORS


@pytest.mark.parametrize('kind', [CommandError, UsageError])
def test_a_command_s_error_is_one_that_needs_no_traceback(kind):
    assert issubclass(kind, ValueError) and issubclass(kind, ERRORS)
    assert str(kind('a: is b; write c')) == 'a: is b; write c'


def test_wrong_usage_is_no_failure():
    assert not issubclass(UsageError, CommandError)
    assert not issubclass(CommandError, UsageError)
