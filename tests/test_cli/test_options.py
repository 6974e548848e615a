"""``--options KEY=VALUE``."""

import argparse

from mmpose_al.cli.options import add_options


def test_values_are_read_as_those_of_configs():
    parser = argparse.ArgumentParser()
    add_options(parser, 'of something')
    words = ['--options', 'a=1', 'b=0.5', 'c=x', 'd=[1,2]', 'e=true']
    assert parser.parse_args(words).options == dict(a=1, b=0.5, c='x', d=[1, 2], e=True)
    assert parser.parse_args(['--options', 'a=1', '--options', 'b=2']).options == dict(a=1, b=2)
    assert parser.parse_args([]).options == {}  # and nothing was left in the default
