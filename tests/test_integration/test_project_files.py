"""What stands beside the code says the same as the code."""

import os.path as osp
import re

import yaml

import mmpose_al

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))


def read(*path):
    with open(osp.join(ROOT, *path), encoding='utf-8') as file:
        return file.read()


def test_citation_names_the_version_and_every_paper():
    citation = yaml.safe_load(read('CITATION.cff'))
    assert citation['cff-version'] == '1.2.0'
    assert citation['version'] == mmpose_al.__version__
    assert citation['license'] == 'Apache-2.0'
    assert citation['authors'] == [{'name': 'The mmpose_al contributors'}]
    assert {'title', 'message', 'type', 'abstract'} <= set(citation)
    years = [reference['year'] for reference in citation['references']]
    assert sorted(years) == [2020, 2021, 2023, 2024, 2024]
    for reference in citation['references']:
        assert {'type', 'title', 'authors', 'notes'} <= set(reference)


def test_changelog_begins_with_what_is_not_released_and_this_version():
    titles = re.findall(r'^## (\S+)', read('CHANGELOG.md'), re.M)
    assert titles[:2] == ['Unreleased', mmpose_al.__version__]
