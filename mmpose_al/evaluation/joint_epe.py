"""End-point error of some joints."""

from typing import Dict, Optional, Sequence

from mmpose.evaluation.metrics import EPE
from mmpose.registry import METRICS

from .functional import indices_of, joint_names


@METRICS.register_module()
class JointEPE(EPE):
    """MMPose's ``EPE`` of named joints: a network is tested on what it was taught.

    Where labels of training leave out joints of the skeleton, those of a test set that
    has them would weigh on the mean with whatever an untaught heatmap says. The metric's
    name stays ``EPE``.

    Args:
        joints (Sequence[str], optional): Joints that count; None: all.
        kwargs: As :class:`mmpose.evaluation.EPE`.

    Raises:
        ValueError: The data set lacks a joint.
    """

    def __init__(self, joints: Optional[Sequence[str]] = None, **kwargs):
        super().__init__(**kwargs)
        self.joints = joints

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """``EPE``, in pixels."""
        if self.joints is not None:
            names = joint_names(self.dataset_meta, results[0]['mask'].shape[1])
            chosen = indices_of(names, self.joints, 'JointEPE')
            results = [
                {key: value[:, chosen] for key, value in result.items()} for result in results
            ]
        return super().compute_metrics(results)
