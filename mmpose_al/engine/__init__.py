from ..lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__, dict(active_learning=[], hooks=[], optimizers=[], trackers=[])
)
