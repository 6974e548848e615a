from .batch_patches import JointCutOcclude, RandomCutMix, RandomCutout
from .joint_cutout import JointCutout
from .keypoint_mapping import MapKeypoints
from .rand_augment import PoseRandAugment

__all__ = [
    'JointCutOcclude', 'JointCutout', 'PoseRandAugment', 'RandomCutMix', 'RandomCutout'
]
