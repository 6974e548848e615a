"""``mmpose-al test``; that it runs as MMPose's does is tested in ``test_launch.py``."""

import pytest

from mmpose_al.cli.errors import CommandError
from mmpose_al.cli.test import metrics_hook


def test_a_name_that_no_metrics_can_have_is_refused_before_the_test(tmp_path):
    assert metrics_hook(str(tmp_path / 'test.json')).out.endswith('test.json')
    with pytest.raises(CommandError, match='--out test.txt: let the name end in one of .json'):
        metrics_hook('test.txt')
