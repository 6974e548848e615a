"""Registries of an experiment fill themselves from their rooms."""

import json
import os
import os.path as osp
import subprocess
import sys

import pytest

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
# Only the registries are imported, as in a process that was started as the command line.
CODE = """
import sys
sys.argv = ['/usr/bin/mmpose-al', 'status']
import json
from mmpose_al.active_learning import registry
before = {name: len(getattr(registry, name)) for name in registry.__dict__ if name.isupper()}
asked = json.loads(sys.stdin.read())
found = {name: getattr(registry, name).get(word) is not None for name, word in asked}
print(json.dumps([before, found]))
"""
KNOWN = [
    ('QUERY_STRATEGIES', 'MultiViewConsistency'),
    ('ANNOTATORS', 'FileAnnotator'),
    ('ANNOTATION_FORMATS', 'cvat'),
    ('SELF_TRAINING', 'ConsistentFrames'),
    ('STATISTICS', 'margin'),
]


@pytest.fixture(scope='module')
def fresh():
    """Of a process of its own: how many types there were, and whether one was found."""
    done = subprocess.run(
        [sys.executable, '-c', CODE],
        input=json.dumps(KNOWN),
        env=dict(os.environ, PYTHONPATH=ROOT, OMP_NUM_THREADS='1'),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_all_registries_are_known_here(fresh):
    assert sorted(fresh[0]) == sorted(name for name, _ in KNOWN)


@pytest.mark.parametrize('name', [name for name, _ in KNOWN])
def test_a_registry_imports_its_room_when_it_is_asked(fresh, name):
    before, found = fresh
    assert before[name] == 0 and found[name]
