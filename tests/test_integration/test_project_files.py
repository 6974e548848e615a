"""What stands beside the code says the same as the code."""

import os
import os.path as osp
import re

import yaml

import mmpose_al
from tests import ROOT


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


def jobs(name):
    """The jobs of a workflow; every one of its files is read."""
    return yaml.safe_load(read('.github', 'workflows', name))['jobs']


def test_workflows_run_the_commands_of_the_documentation():
    commands = [
        step['run']
        for name in os.listdir(osp.join(ROOT, '.github', 'workflows'))
        for job in jobs(name).values()
        for step in job['steps']
        if 'run' in step
    ]
    assert sorted(commands) == [
        '.venv/bin/python -m playwright install --with-deps chromium',
        'bash tools/quickstart.sh',
        'bash tools/run_tests.sh',
        'bash tools/setup_env.sh',
    ]
    lines = [*read('README.md').splitlines(), *read('CONTRIBUTING.md').splitlines()]
    lines += read('docs', 'install.md').splitlines()
    for command in commands:
        assert any(line.split('#')[0].strip() == command for line in lines), command


def test_the_test_workflow_has_the_stacks_that_were_tried():
    [job] = jobs('tests.yml').values()
    versions = job['strategy']['matrix']['python']
    assert job['env']['PYTHON'] == 'python${{ matrix.python }}'  # what setup_env.sh takes
    by_hand = re.findall(r'^## Python (3\.\d+),', read('docs', 'compatibility.md'), re.M)
    best_tested = re.search(r'candidates=\(python(\S+)', read('tools', 'setup_env.sh')).group(1)
    assert set(versions) == {*by_hand, best_tested}
    classifiers = re.findall(r'Python :: (3\.\d+)', read('pyproject.toml'))
    assert set(versions) <= set(classifiers)


def test_contributing_links_to_every_page_on_extending():
    text = read('CONTRIBUTING.md')
    links = re.findall(r'\]\((docs/[^)#]+)', text)
    for link in links:
        assert osp.exists(osp.join(ROOT, link)), link
    pages = set(os.listdir(osp.join(ROOT, 'docs', 'extending'))) - {'index.md'}
    assert {osp.basename(link) for link in links if '/extending/' in link} == pages
    rows = re.findall(r'^\| .* \| `(\S+)` \| `(\S+)` \|$', text, re.M)
    assert len(rows) == len(pages)
    for room, test in rows:
        assert osp.isdir(osp.join(ROOT, 'mmpose_al', room)), room
        mirrored = [f'test_{part}' for part in room.strip('/').split('/')]
        assert test == '/'.join(['tests', *mirrored, '']), test
