from .weakly_supervised import WeaklySupervisedPose3D

__all__ = ['WeaklySupervisedPose3D']
