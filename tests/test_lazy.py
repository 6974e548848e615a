import sys
from importlib import import_module

import pytest

from mmpose_al.lazy import load_all


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package ``drawers`` with a lazy ``__init__``, and a way to see what it imported."""
    for name, text in {
        'drawers/__init__': 'from mmpose_al.lazy import lazy_names\n'
        '__getattr__, __dir__, __all__ = lazy_names(\n'
        "    __name__, dict(knives=['Knife', 'count'], inner=[]))\n",
        'drawers/knives': 'class Knife:\n    pass\n\ncount = 3\n',
        'drawers/inner/__init__': 'from mmpose_al.lazy import lazy_names\n'
        "__getattr__, __dir__, __all__ = lazy_names(__name__, dict(spoons=['Spoon']))\n",
        'drawers/inner/spoons': 'class Spoon:\n    pass\n',
    }.items():
        path = tmp_path / f'{name}.py'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield import_module('drawers')
    for name in [name for name in sys.modules if name.split('.')[0] == 'drawers']:
        del sys.modules[name]


def test_a_name_loads_its_module_and_no_other(package):
    assert 'drawers.knives' not in sys.modules
    from drawers import Knife

    assert Knife is sys.modules['drawers.knives'].Knife and package.count == 3
    assert 'drawers.inner' not in sys.modules
    assert vars(package)['Knife'] is Knife  # found without asking from now on


def test_modules_are_names_too_and_all_are_listed(package):
    assert package.__all__ == ['Knife', 'count', 'inner']
    assert {'Knife', 'count', 'inner', '__name__'} <= set(dir(package))
    assert package.inner.Spoon.__module__ == 'drawers.inner.spoons'


def test_unknown_names_are_attribute_errors(package):
    with pytest.raises(AttributeError, match="module 'drawers' has no attribute 'Fork'"):
        package.Fork  # noqa: B018
    with pytest.raises(ImportError):
        from drawers import Fork  # noqa: F401


def test_load_all_goes_into_packages(package):
    load_all(package)
    assert {'drawers.knives', 'drawers.inner.spoons'} <= set(sys.modules)
