"""The longer side of a box, and of a view without one nothing."""

import numpy as np
from mmengine.structures import InstanceData

from mmpose_al.active_learning.scoring import column
from mmpose_al.active_learning.statistics import BoxSide
from tests.test_active_learning.test_statistics.batches import make_batch, make_samples


def test_by_hand():
    samples = make_samples(3)
    samples[0].gt_instances = InstanceData(bboxes=np.array([[10.0, 20, 40, 90]]))
    samples[1].gt_instances = InstanceData(bboxes=np.array([[10.0, 20, 110, 90]]))
    batch = make_batch(samples=samples)
    assert BoxSide().compute(batch) == [70, 100, None]
    values = column('box_side', BoxSide(), batch, {})
    np.testing.assert_array_equal(values, np.array([70, 100, np.nan], np.float32))
