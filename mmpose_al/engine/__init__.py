from . import active_learning, hooks  # noqa: F401
from .checkpoint import allow_mmengine_checkpoints

allow_mmengine_checkpoints()
