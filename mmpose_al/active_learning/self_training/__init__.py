"""Labels that the model of a round gives itself: one file a kind, registered."""

from .base import Chosen, SelfTraining, build_self_training
from .consistent_frames import ConsistentFrames

__all__ = ['Chosen', 'ConsistentFrames', 'SelfTraining', 'build_self_training']
