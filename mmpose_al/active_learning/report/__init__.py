"""Reports of experiments, see :func:`write_report`."""

from ...lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(__name__, dict(pages=['write_report']))
