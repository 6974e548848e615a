"""A page's first file, where Python finds it, as somebody outside the package has it."""

import importlib
import sys
from contextlib import contextmanager

from mmpose_al.cli.main import main
from tests.test_docs.pages import ROOT, blocks


@contextmanager
def outside(page, module, registries, folder, monkeypatch):
    """Write the file; inside, ``forget()`` puts the process back to one without it.

    Args:
        page (str): With the code in its first Python block.
        module (str): Name of the file.
        registries (Sequence): Where it registers.
        folder (Path): Where to write it.
    """
    before = [dict(registry.module_dict) for registry in registries]

    def forget():
        sys.modules.pop(module, None)
        for registry, known in zip(registries, before):
            registry.module_dict.clear()
            registry.module_dict.update(known)
        importlib.invalidate_caches()

    code = next(block for block in blocks(page) if block.language == 'python')
    assert code.mark == 'run'
    (folder / f'{module}.py').write_text(code.text)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.syspath_prepend(ROOT)
    try:
        yield forget
    finally:
        forget()


def command(*words):
    """Run a command of mmpose-al."""
    return main(list(words))
