from ..lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    dict(
        joint_ece=['JointECE'],
        joint_epe=['JointEPE'],
        joint_pck=['JointPCK'],
        mkpe=['MKPE'],
        per_student=['PerStudentMetric'],
        pose3d=['PCK3D'],
    ),
)
