"""NWB files, read by pynwb."""

import numpy as np
import pytest

from mmpose_al.prediction.formats import nwb
from tests.test_prediction.models import predictions


@pytest.mark.parametrize('persons', [1, 2])
def test_pynwb_reads_the_same_numbers(tmp_path, persons):
    pytest.importorskip('sleap_io', reason='extra labs')
    pynwb = pytest.importorskip('pynwb', reason='comes with sleap-io')
    found, path = predictions(persons)._replace(fps=30000 / 1001), str(tmp_path / 'v.nwb')
    nwb.write(path, found)
    with pynwb.NWBHDF5IO(path, 'r', load_namespaces=True) as io:
        module = io.read().processing['behavior']
        for person in range(persons):
            pose = module['PoseEstimation' if persons == 1 else f'individual{person + 1}']
            assert pose.scorer == 'net' and list(pose.skeleton.nodes) == ['nose', 'tail']
            for number, name in enumerate(['nose', 'tail']):
                series, table = pose[name], found.table()[:, person, number]
                np.testing.assert_allclose(series.timestamps, np.arange(3) * 1001 / 30000)
                np.testing.assert_array_equal(series.data, table[:, :2])
                np.testing.assert_array_equal(series.confidence, table[:, 2])
                assert series.unit == 'pixels'


def test_images_have_no_times(tmp_path):
    pytest.importorskip('sleap_io', reason='extra labs')
    with pytest.raises(ValueError, match='has no times, and NWB holds poses as time series'):
        nwb.write(str(tmp_path / 'v.nwb'), predictions(is_video=False))
