from .batch_patches import JointCutOcclude, RandomCutMix, RandomCutout
from .hard_augmentation import HardAugmentation
from .input_camera import InputCamera
from .joint_cutout import JointCutout
from .keypoint_mapping import MapKeypoints
from .label_weights import LabelWeights
from .rand_augment import PoseRandAugment

__all__ = [
    'HardAugmentation',
    'InputCamera',
    'JointCutOcclude',
    'JointCutout',
    'LabelWeights',
    'MapKeypoints',
    'PoseRandAugment',
    'RandomCutMix',
    'RandomCutout',
]
