from . import active_learning, hooks
from .checkpoint import allow_mmengine_checkpoints

allow_mmengine_checkpoints()
