from .joint_pck import JointPCK
from .per_student import PerStudentMetric

__all__ = ['JointPCK', 'PerStudentMetric']
