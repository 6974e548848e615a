"""Labels that the model of a round gives itself: one file a kind, registered."""

from .base import Chosen, SelfTraining, bootstrap_shares, check_bootstraps, compose_bootstrap
from .bootstrapping import MultiViewBootstrapping
from .consistent_frames import ConsistentFrames

__all__ = [
    'Chosen',
    'ConsistentFrames',
    'MultiViewBootstrapping',
    'SelfTraining',
    'bootstrap_shares',
    'check_bootstraps',
    'compose_bootstrap',
]
