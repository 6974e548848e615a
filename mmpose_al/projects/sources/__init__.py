"""What a project can be made of, one file each."""

from .base import Options, ProjectSource, all_sources, read_sources
from .coco import CocoFile
from .deeplabcut import DeepLabCut
from .images import ImageFolder
from .lightning_pose import LightningPose
from .rig import Rig
from .sleap import Sleap
from .videos import Videos
from .yolo import YoloPose

__all__ = [
    'CocoFile',
    'DeepLabCut',
    'ImageFolder',
    'LightningPose',
    'Options',
    'ProjectSource',
    'Rig',
    'Sleap',
    'Videos',
    'YoloPose',
    'all_sources',
    'read_sources',
]
