"""Project folders: a pool, a skeleton and configs made of what people have."""

from ..lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__, dict(project=['Project', 'ProjectError', 'is_project', 'open_project'])
)
