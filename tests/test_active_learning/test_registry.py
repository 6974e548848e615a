"""Registries of an experiment fill themselves from their rooms."""

import json
import os
import subprocess
import sys

import pytest

from mmpose_al.active_learning.registry import ANNOTATORS, QUERY_STRATEGIES, arguments_of
from tests import ROOT

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


@pytest.mark.parametrize(
    'config, text',
    [
        (dict(type='CoreSetPose'), "no query strategy 'CoreSetPose'; did you mean 'CoreSetPoses'"),
        (dict(type='Qqq'), "no query strategy 'Qqq'; there are BestVsSecondBest, "),
        (
            dict(type='CoreSetPoses', roots=3),
            'CoreSetPoses has no roots; its keys are root, min_sp',
        ),
        (dict(type='Diverse', share=1, a=2), 'Diverse has no a, share; its keys are method, min_'),
        (dict(type='UncertainAndDiverse', diversity={}), 'UncertainAndDiverse needs uncertainty'),
        (dict(type='Listed', files='a', then=dict(type='Diverze')), "did you mean 'Diverse'"),
    ],
)
def test_a_strategy_that_cannot_be_built_is_told(config, text):
    with pytest.raises(ValueError, match=text):
        QUERY_STRATEGIES.build(config)


def test_what_a_class_hands_on_to_its_bases_are_arguments_too():
    class Base:
        def __init__(self, a, b=1):
            pass

    class Middle(Base):
        """Has none of its own."""

    class Last(Middle):
        def __init__(self, c, **kwargs):
            pass

    assert arguments_of(Last) == ['c', 'a', 'b'] and arguments_of(Middle) == ['a', 'b']
    assert arguments_of(lambda x, *more: x) == ['x'] and arguments_of(lambda **more: more) is None


def test_an_annotator_that_cannot_be_built_is_told():
    with pytest.raises(ValueError, match="no annotator 'FilesAnnotator'; did you mean 'FileAnnot"):
        ANNOTATORS.build(dict(type='FilesAnnotator'))
