"""Whether a metric is an error: of every evaluator's report, and of names of MMPose."""

import pytest

from mmpose_al.metric_direction import lower_is_better

ERRORS = """multiview/MKPE multiview/failed multiview/two_views multiview/MKPE/two_views
    multiview/MKPE/joint/wrist ensemble/keypoints/EPE keypoints/EPE EPE NME pose3d/MPJPE
    pose3d/P-MPJPE pose3d/N-MPJPE/action/walk pose3d/failed confidence/ECE confidence/ECE/wrist
    confidence/NLL rig/reprojection_error rig/reprojection_error/cam1 loss MPJPE N-MPJPE
    MPJPE_single P-MPJPE_Walking MRRPE"""
GAINS = """pck/bbox@0.05 pck/torso@0.2/joint/failed PCK PCK@0.05 PCKh@0.1 tPCK coco/AP
    AUC@30 ensemble/coco/AR mean/pck/torso@0.2 pose3d/N-PCK pose3d/AUC confidence/right
    rig/inliers rig/triangulated/cam1 wholebody/AP crowdpose/AP(E) HandednessAcc"""


@pytest.mark.parametrize('name', ERRORS.split())
def test_errors(name):
    assert lower_is_better(name) is True


@pytest.mark.parametrize('name', [*GAINS.split(), 'coco/AP .5', 'coco/AP (M)', 'a/Total AP'])
def test_gains(name):
    assert lower_is_better(name) is False


@pytest.mark.parametrize('name', ['confidence/mean', 'multiview/residual/cam1/x', 'm', 'x/y', ''])
def test_names_that_do_not_tell(name):
    assert lower_is_better(name) is None
