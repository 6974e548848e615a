"""Links between the pages lead to files and headings that exist, where people read the files.

The links within the site are checked by the build (test_site.py).
"""

import os.path as osp

import pytest

from tests.test_docs.pages import ROOT, anchors, links, pages


@pytest.mark.parametrize('page', pages())
def test_links_lead_somewhere(page):
    for path, anchor in links(page):
        target = osp.normpath(osp.join(ROOT, osp.dirname(page), path)) if path else page
        target = osp.relpath(osp.join(ROOT, target), ROOT)
        assert osp.exists(osp.join(ROOT, target)), f'{page}: {path} does not exist'
        assert not target.startswith('..'), f'{page}: {path} leaves the repository'
        if anchor:
            assert anchor in anchors(target), f'{page}: {target} has no heading #{anchor}'


@pytest.mark.parametrize('page', pages())
def test_nobody_needs_the_folder_beside_our_clones(page):
    with open(osp.join(ROOT, page), encoding='utf-8') as file:
        assert '../shared' not in file.read()
