"""Docstrings as the site shows them: roles of reStructuredText and lists become Markdown.

An extension of griffe, which reads the package for the API's pages.
"""

import re

import griffe

ROLE = re.compile(r':(?:class|func|meth|mod|attr|data|exc):`~?([^`]+)`')
ENTRY = re.compile(r' *(?:[-*]|\d+\.) ')
SECTION = re.compile(r'^(?:Args|Arguments|Attributes|Returns|Yields|Raises|Examples?):$', re.M)


def markdown(text: str) -> str:
    """The text with `` `name` `` for ``:func:`name` ``, and lists as Markdown has them.

    Above the sections (``Args:`` and so on) a list gets an empty line before it, and the
    indentation of the text around it.
    """
    text = ROLE.sub(lambda match: f'`{match.group(1).split("<")[0].strip()}`', text)
    section = SECTION.search(text)
    end = section.start() if section else len(text)
    return '\n\n'.join(map(with_list, text[:end].split('\n\n'))) + text[end:]


def with_list(paragraph: str) -> str:
    """A paragraph whose list, if it has one behind some text, is a paragraph of its own."""
    lines = paragraph.split('\n')
    entries = [number for number, line in enumerate(lines) if ENTRY.match(line)]
    if not entries:
        return paragraph
    first = entries[0]
    depth = len(lines[first]) - len(lines[first].lstrip())
    listed = [line[min(depth, len(line) - len(line.lstrip())) :] for line in lines[first:]]
    return '\n'.join(lines[:first] + ([''] if first else []) + listed)


class MarkdownDocstrings(griffe.Extension):
    """Rewrites every docstring of the package once it is read."""

    def on_package(self, *, pkg, **_) -> None:
        rewrite(pkg)

    # the name of the same event before griffe 2
    def on_package_loaded(self, *, pkg, **_) -> None:
        rewrite(pkg)


def rewrite(each) -> None:
    """Rewrite the docstrings of a package, module, class or function and what is in it."""
    if each.docstring:
        each.docstring.value = markdown(each.docstring.value)
    for member in each.members.values():
        if not member.is_alias:
            rewrite(member)
