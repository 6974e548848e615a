from .joint_cutout import JointCutout

__all__ = ['JointCutout']
