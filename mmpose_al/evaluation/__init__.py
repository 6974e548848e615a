from .joint_epe import JointEPE
from .joint_pck import JointPCK
from .mkpe import MKPE
from .per_student import PerStudentMetric
from .pose3d import PCK3D

__all__ = ['JointEPE', 'JointPCK', 'MKPE', 'PCK3D', 'PerStudentMetric']
