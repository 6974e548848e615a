from ..lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__, dict(backbones=[], heads=[], losses=[], passes=[], pose3d=[], semi=[], views=[])
)
