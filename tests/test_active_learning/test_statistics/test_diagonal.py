"""The diagonal of an image, whatever its channels."""

from mmpose_al.active_learning.statistics import Diagonal
from tests.test_active_learning.test_statistics.batches import change, make_batch, make_samples


def test_by_hand():
    assert Diagonal().compute(make_batch()).tolist() == [800] * 3
    samples = change(make_samples(1), ori_shape=(30, 40, 3))
    assert Diagonal().compute(make_batch(samples=samples)).tolist() == [50]
