"""Whether a metric is an error, by the name that an evaluation reports it by."""

import re
from typing import Optional

# Errors, and shares of what went wrong.
LOWER = re.compile(
    '(mpjpe|mrrpe|mkpe|epe|nme|ece|nll|failed|two_views|reprojection_error|loss)(_.*)?'
)
HIGHER = re.compile(
    '(pck|pckh|tpck|auc|ap|ar|map|acc|accuracy|handednessacc|right|inliers|triangulated)(_.*)?'
)


def lower_is_better(name: str) -> Optional[bool]:
    """Whether the lower value of a metric is the better one; None where the name does not tell.

    The first part between slashes that has a known word decides: what comes after it is a joint
    or an action. ``pck/torso@0.2`` is a PCK, ``multiview/MKPE/two_views`` an MKPE, and
    ``pose3d/P-MPJPE`` an MPJPE; so is MMPose's ``MPJPE_single``. A mean confidence or a signed
    residual is neither good nor bad.
    """
    for part in name.split('/'):
        words = re.split(r'[^a-z0-9_]+', part.lower())
        for known, lower in ((LOWER, True), (HIGHER, False)):
            if any(map(known.fullmatch, words)):
                return lower
    return None
