"""What runs the commands of the pages.

Every fenced block of Bash or Python has a comment before it that says so (nobody sees it on
the page):

    <!-- run -->                          a test runs it, in a folder like a fresh clone
    <!-- run: WORD => OTHER; A => B -->   the same, with these words replaced
    <!-- config -->                       a part of a config: its types are looked up
    <!-- config: mine.py; A => B -->      the same, and a file that later commands use
    <!-- test: tests/test_x/test_y.py --> a test of its own runs it
    <!-- needs: a GPU -->                 nobody can run it here; what it needs

    python -m tests.test_docs.commands    prints what runs what
"""

import ast
import os
import os.path as osp
import re
import subprocess
import sys
import tempfile
from typing import List, NamedTuple, Tuple

from tests.test_docs import server
from tests.test_docs.pages import ROOT, Block, blocks, pages

LANGUAGES = ('bash', 'console', 'sh', 'shell', 'python')
MARK = re.compile(r'(run|config|test|needs)(?:: (.+))?')
#: What every block is run with: small data, and no environment of its own.
ALWAYS = [
    (r'--preset (small|studio|people|full)\b', '--preset tiny'),
    (r'^(source|\.) \.venv/bin/activate$', ':'),
]
#: What a clone has that commands read. They write beside it.
LINKS = ('benchmarks', 'configs', 'demo', 'docs', 'mmpose_al', 'requirements', 'tools')


class Marked(NamedTuple):
    """A block of commands or code, and what runs it."""

    block: Block
    kind: str  # run, config, test, needs; '' without a mark
    words: str  # after the colon

    @property
    def text(self) -> str:
        """The text to run, with words replaced."""
        text = self.block.text
        for old, new in self.replaced:
            if old not in text:
                raise ValueError(
                    f'{self.block.place}: the mark replaces {old!r}, which is not there'
                )
            text = text.replace(old, new)
        for pattern, new in ALWAYS if self.block.language != 'python' else []:
            text = re.sub(pattern, new, text, flags=re.M)
        return text

    @property
    def file(self) -> str:
        """The file that a config is written to, '' if it is none."""
        return self.words.split(';')[0].strip() if self.kind == 'config' else ''

    @property
    def replaced(self) -> List[Tuple[str, str]]:
        pairs = [pair.split('=>') for pair in self.words.split(';') if '=>' in pair]
        return [(old.strip(), new.strip()) for old, new in pairs]


def marked(page: str) -> List[Marked]:
    """The blocks of a page that hold commands or code; without a mark their kind is ''."""
    found = []
    for block in blocks(page):
        if block.language in LANGUAGES:
            mark = MARK.fullmatch(block.mark)
            found.append(Marked(block, *(mark.groups('') if mark else ('', ''))))
    return found


def of_kind(kind: str) -> List[Marked]:
    """The blocks of all pages that one kind of mark stands before."""
    return [entry for page in pages() for entry in marked(page) if entry.kind == kind]


class Clone:
    """A folder like a fresh clone after set-up, and a shell in it.

    ``python`` and ``mmpose-al`` are answered by ``server.py``; all else is the shell's own.
    """

    def __init__(self) -> None:
        self.temporary = tempfile.TemporaryDirectory(prefix='docs')
        self.folder = osp.join(self.temporary.name, 'clone')
        self.bin = osp.join(self.temporary.name, 'bin')
        os.mkdir(self.folder)
        os.mkdir(self.bin)
        for name in LINKS:
            os.symlink(osp.join(ROOT, name), osp.join(self.folder, name))
        socket = osp.join(self.temporary.name, 'socket')
        for name in ('python', 'mmpose-al'):
            path = osp.join(self.bin, name)
            with open(path, 'w') as file:
                file.write(server.client(name, socket))
            os.chmod(path, 0o755)
        environ = dict(os.environ, OMP_NUM_THREADS='1', MKL_NUM_THREADS='1', MPLBACKEND='Agg')
        environ['PYTHONPATH'] = ROOT
        self.server = subprocess.Popen(
            [sys.executable, server.__file__, socket],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self.server.stdout.readline().strip() != 'ready':
            raise RuntimeError('the server of the commands did not start')
        self.environ = dict(environ, PATH=self.bin + os.pathsep + environ['PATH'])

    def run(self, language: str, text: str) -> Tuple[int, str]:
        """Exit status and output of a block; Bash stops at the first failure."""
        if language == 'python':
            command = [osp.join(self.bin, 'python'), '-c', text]
        else:
            command = ['bash', '-euo', 'pipefail', '-c', text]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        return done.returncode, done.stdout

    def close(self) -> None:
        self.server.kill()
        self.server.wait()
        self.server.stdout.close()
        self.temporary.cleanup()


def types_named(text: str) -> List[str]:
    """The types that a part of a config names, ``dict(type='...')``."""
    return [
        keyword.value.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in ('type', 'runner_type') and isinstance(keyword.value, ast.Constant)
    ]


def main() -> None:
    counts = dict.fromkeys(('run', 'config', 'test', 'needs'), 0)
    for page in pages():
        for entry in marked(page):
            counts[entry.kind] += 1
            first = next(line for line in entry.block.text.split('\n') if line.strip())
            what = {
                'run': 'test_commands.py',
                'config': 'test_commands.py (types)',
                'test': entry.words,
            }.get(entry.kind, 'needs ' + entry.words)
            print(f'{entry.block.place:55} {first.strip()[:60]:60} {what}')
    print(counts)


if __name__ == '__main__':
    main()
