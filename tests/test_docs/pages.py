"""The pages that people read: README, CONTRIBUTING, docs and the READMEs of configs."""

import glob
import os.path as osp
import re
from typing import Iterator, List, NamedTuple, Tuple

from tests import ROOT


def pages() -> List[str]:
    """Paths of all pages, relative to the repository's root."""
    found = [osp.join(ROOT, name) for name in ('README.md', 'CONTRIBUTING.md')]
    found += glob.glob(osp.join(ROOT, 'docs', '**', '*.md'), recursive=True)
    found += glob.glob(osp.join(ROOT, 'configs', '**', 'README.md'), recursive=True)
    return sorted(osp.relpath(path, ROOT) for path in found if osp.isfile(path))


def read(page: str) -> str:
    """A page's text."""
    with open(osp.join(ROOT, page), encoding='utf-8') as file:
        return file.read()


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    line: int  # of the opening fence, from 1
    language: str
    mark: str  # the HTML comment right before it, '' without one
    text: str

    @property
    def place(self) -> str:
        return f'{self.page}:{self.line}'


def blocks(page: str) -> Iterator[Block]:
    """All fenced blocks of a page, those inside lists too.

    Raises:
        ValueError: A fence is never closed.
    """
    lines = read(page).split('\n')
    number = 0
    while number < len(lines):
        fence = re.match(r'( *)(```+)\s*([\w-]*)', lines[number])
        number += 1
        if not fence:
            continue
        start, (indent, ticks, language) = number, fence.groups()
        while number < len(lines) and lines[number].strip() != ticks:
            number += 1
        if number == len(lines):
            raise ValueError(f'{page}:{start}: the fence is never closed')
        body = [line[len(indent) :] for line in lines[start:number]]
        before = start - 2
        while before >= 0 and not lines[before].strip():
            before -= 1
        mark = re.fullmatch(r'\s*<!-- (.*) -->', lines[before]) if before >= 0 else None
        yield Block(page, start, language, mark.group(1) if mark else '', '\n'.join(body) + '\n')
        number += 1


def prose(page: str) -> str:
    """A page without fenced blocks, tables, comments, formulas and headings."""
    text = read(page)
    text = re.sub(r'^( *)(```+).*?^\1\2$', '\n\n', text, flags=re.M | re.S)
    text = re.sub(r'<!-- table:.*?<!-- end -->', '\n\n', text, flags=re.S)
    text = re.sub(r'<!--.*?-->', '\n\n', text, flags=re.S)
    return re.sub(r'^(\|| {4}\S|#|!\[|\s*:::|---|!!!).*$', '\n', text, flags=re.M)


def sentences(page: str) -> List[str]:
    """The sentences of a page's prose. A list entry or paragraph ends one."""
    found = []
    for part in re.split(r'\n\s*\n|\n\s*(?:[-*]|\d+\.) ', prose(page)):
        part = re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', ' '.join(part.split()))
        part = re.sub(r'`[^`]*`', 'Code', part)
        found += [s for s in re.split(r'(?<=[.!?])["*)]*\s+(?=["*(\[`]*[A-Z0-9])', part) if s]
    return found


def words(sentence: str) -> int:
    """Words of a sentence; code and figures count one each."""
    return len(re.findall(r"[\w'’./%±+-]*\w[\w'’./%-]*", sentence))


def links(page: str) -> Iterator[Tuple[str, str]]:
    """Relative links and pictures of a page: (path, anchor), each '' if there is none."""
    text = re.sub(r'^( *)(```+).*?^\1\2$', '', read(page), flags=re.M | re.S)
    text = re.sub(r'`[^`\n]*`', '', text)
    for target in re.findall(r'\]\(([^)\s]+)\)', text):
        if not re.match(r'\w+:', target):
            path, _, anchor = target.partition('#')
            yield path, anchor


def anchors(page: str) -> List[str]:
    """The anchors of a page's headings, as GitHub and Python-Markdown make them."""
    text = re.sub(r'^( *)(```+).*?^\1\2$', '', read(page), flags=re.M | re.S)
    found = []
    for heading in re.findall(r'^#+ (.+)$', text, flags=re.M):
        heading = re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', heading)
        slug = re.sub(r'[^\w\s-]', '', heading.lower()).strip()
        found.append(re.sub(r'[\s]', '-', slug))
    return found
