"""Names of a package that load when they are asked for (PEP 562)."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any, Callable, Dict, List, Sequence, Tuple


def lazy_names(
    package: str, modules: Dict[str, Sequence[str]]
) -> Tuple[Callable[[str], Any], Callable[[], List[str]], List[str]]:
    """What a package's ``__init__`` assigns to ``__getattr__, __dir__, __all__``.

    ``from package import Name`` works as if the package had imported it, but the module is
    imported only then, so that a command which needs one name does not load them all.

    Args:
        package (str): The package's ``__name__``.
        modules (dict): Module of the package -> the names of it that are the package's
            too; an empty list makes the module itself such a name.

    Returns:
        tuple: ``__getattr__``, ``__dir__`` and ``__all__``.
    """
    home = {name: module for module, names in modules.items() for name in names}
    public = sorted([*home, *(module for module, names in modules.items() if not names)])

    def __getattr__(name: str) -> Any:
        if name in home:
            value = getattr(import_module(f'{package}.{home[name]}'), name)
        elif name in modules:
            value = import_module(f'{package}.{name}')
        else:
            raise AttributeError(f'module {package!r} has no attribute {name!r}')
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> List[str]:
        return sorted({*vars(sys.modules[package]), *public})

    return __getattr__, __dir__, public


def load_all(package: ModuleType) -> None:
    """Load all public names of a package and of the packages among them."""
    for name in getattr(package, '__all__', ()):
        value = getattr(package, name)
        if isinstance(value, ModuleType):
            load_all(value)
