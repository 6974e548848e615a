"""The documentation builds as a site: every page, link and docstring."""

import glob
import importlib.util
import os
import os.path as osp
import re
import subprocess
import sys

import pytest

from tests.test_docs.pages import ROOT, pages


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    """The folder of the built site."""
    for name in ('mkdocs', 'material', 'mkdocstrings_handlers'):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f'{name} is not installed: pip install -r requirements/docs.txt')
    folder = str(tmp_path_factory.mktemp('site'))
    done = subprocess.run(
        [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--site-dir', folder],
        cwd=ROOT,
        env=dict(os.environ, NO_MKDOCS_2_WARNING='1', PYTHONPATH=ROOT),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    return folder


def html(folder, name):
    with open(osp.join(folder, name), encoding='utf-8') as file:
        return file.read()


def test_every_page_is_in_the_site(site):
    homes = {'README.md': 'index', 'CHANGELOG.md': 'changelog', 'CONTRIBUTING.md': 'contributing'}
    for page in pages():
        name = homes.get(page, osp.splitext(page)[0])
        name = name[5:] if name.startswith('docs/') else name
        name = re.sub('README$', 'index', name)
        assert osp.isfile(osp.join(site, name + '.html')), page


def test_every_public_class_and_function_has_a_place_in_the_reference(site):
    text = ''.join(html(site, osp.join('api', name)) for name in os.listdir(osp.join(site, 'api')))
    known = set(re.findall(r'id="(mmpose_al\.[\w.]+)"', text))
    for name in (
        'mmpose_al.models.semi.consistency.PoseDual',
        'mmpose_al.geometry.triangulation.triangulate_robust',
        'mmpose_al.datasets.multiview.MultiViewCocoDataset',
    ):
        assert name in known, name
    modules = {
        osp.relpath(path, ROOT)[:-3].replace(os.sep, '.')
        for path in glob.glob(osp.join(ROOT, 'mmpose_al', '*', '*.py'))
        if not osp.basename(path).startswith('__')
    }
    assert not {module for module in modules if module not in known}


def test_docstrings_and_tables_are_markdown(site):
    for name in os.listdir(osp.join(site, 'api')):
        assert not re.search(r':(?:func|class|meth|mod):', html(site, osp.join('api', name))), name
    text = html(site, osp.join('api', 'geometry.html'))
    assert '<li>sizes are (W, H), as in MMPose' in text.replace('<p>', '')  # a list of affine.py
    text = html(site, osp.join('studies', 'semi_supervised_synthetic.html'))
    assert text.count('<table>') >= 6 and '| supervised |' not in text


def test_the_site_needs_no_network(site):
    for path in glob.glob(osp.join(site, '**', '*.html'), recursive=True):
        text = html(site, path)
        fetched = re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="(?:https?:)?//([^"]+)"', text)
        assert not fetched, (path, fetched)
