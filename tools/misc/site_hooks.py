"""What mkdocs.yml cannot say: pages from other places, links out of docs, the API's pages.

A page's links are written as they are in the repository, so that they work where people
read the files. Here they are brought to the site: to its page, if the file has one; else the
link's text stays alone. A link to a file that does not exist fails ``mkdocs build --strict``.
"""

import ast
import glob
import logging
import os.path as osp
import posixpath
import re

from mkdocs.structure.files import File

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
PACKAGE = 'mmpose_al'
#: Files of the repository that are pages of the site, and where.
PAGES = {
    'README.md': 'index.md',
    'CHANGELOG.md': 'changelog.md',
    'CONTRIBUTING.md': 'contributing.md',
}
LINK = re.compile(r'(!?)\[((?:[^][]|\[[^]]*\])*)\]\(([^)\s]+)\)')
CODE = re.compile(r'^( *)(```+).*?^\1\2$', re.M | re.S)
log = logging.getLogger('mkdocs.hooks.site')
# Python 3.8 has versions without warn_missing_types, which mkdocs.yml sets.
logging.getLogger('mkdocs.plugins.griffe').addFilter(
    lambda record: 'No type or annotation' not in record.getMessage()
)


def repository_pages():
    """Path in the repository -> path in the site, of pages that are not in docs."""
    found = {path: page for path, page in PAGES.items() if osp.isfile(osp.join(ROOT, path))}
    for path in glob.glob(osp.join(ROOT, 'configs', '*', 'README.md')):
        path = osp.relpath(path, ROOT).replace(osp.sep, '/')
        found[path] = path
    return found


def has_docstring(path):
    """Whether a module begins with one."""
    with open(path, encoding='utf-8') as file:
        return ast.get_docstring(ast.parse(file.read())) is not None


def api_pages():
    """Page -> Markdown, one for each room of the package: its modules one after another."""
    found = {}
    for entry in sorted(glob.glob(osp.join(ROOT, PACKAGE, '*'))):
        name = osp.splitext(osp.basename(entry))[0]
        if osp.isfile(osp.join(entry, '__init__.py')):
            modules = glob.glob(osp.join(entry, '**', '*.py'), recursive=True)
        elif entry.endswith('.py') and not name.startswith('_'):
            modules = [entry]
        else:
            continue
        names = sorted(
            osp.splitext(osp.relpath(module, ROOT))[0].replace(osp.sep, '.')
            for module in modules
            if not module.endswith('__init__.py') or has_docstring(module)
        )
        text = f'# {PACKAGE}.{name}\n'
        for module in names:
            text += f'\n::: {re.sub("[.]__init__$", "", module)}\n'
            if module.endswith('.__init__'):
                text += '    options: {members: false}\n'
        found[f'api/{name}.md'] = text
    return found


def on_config(config):
    """Fill the parts of the navigation that follow from what is there."""
    extending = sorted(glob.glob(osp.join(ROOT, 'docs', 'extending', '*.md')))
    names = ['extending/' + osp.basename(path) for path in extending]
    parts = {
        'Extending': ['extending/index.md'] + [n for n in names if n != 'extending/index.md'],
        'API': list(api_pages()),
        'Project': [page for page in PAGES.values() if page in repository_pages().values()][1:],
    }
    for entry in config.nav:
        for title in entry:
            entry[title] = parts.get(title, entry[title])
    config.watch += [osp.join(ROOT, PACKAGE), osp.join(ROOT, 'configs')]
    return config


def on_files(files, config):
    """Add the pages that are not in docs."""
    for path, page in repository_pages().items():
        with open(osp.join(ROOT, path), encoding='utf-8') as file:
            files.append(File.generated(config, page, content=file.read()))
    for page, text in api_pages().items():
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown, page, config, files):
    """Bring the page's links from the repository to the site."""
    own = page.file.src_uri
    if own.startswith('api/'):
        return markdown
    homes = {page: path for path, page in repository_pages().items()}
    home = homes.get(own, 'docs/' + own)

    def moved(match):
        picture, text, target = match.groups()
        path, hash_sign, anchor = target.partition('#')
        if re.match(r'[a-z]+:', target) or not path:
            return match.group(0)
        path = posixpath.normpath(posixpath.join(posixpath.dirname(home), path))
        if not osp.exists(osp.join(ROOT, path)):
            log.warning('%s: no such file: %s', home, target)
        goal = repository_pages().get(path, path[5:] if path.startswith('docs/') else None)
        if osp.isdir(osp.join(ROOT, path)):
            goal = repository_pages().get(path + '/README.md')
        if goal is None:
            return text
        relative = posixpath.relpath(goal, posixpath.dirname(own) or '.')
        return f'{picture}[{text}]({relative}{hash_sign}{anchor})'

    # Tables of results do not break their cells, and what is folded away is Markdown too.
    markdown = re.sub(
        r'<!-- table: [^>]+ -->\n(.*?)<!-- end -->',
        r'<div class="results" markdown="1">\n\n\1\n</div>',
        markdown.replace('<details>', '<details markdown="1">'),
        flags=re.S,
    )
    parts, place = [], 0
    for code in CODE.finditer(markdown):
        parts += [LINK.sub(moved, markdown[place : code.start()]), code.group(0)]
        place = code.end()
    return ''.join(parts + [LINK.sub(moved, markdown[place:])])
