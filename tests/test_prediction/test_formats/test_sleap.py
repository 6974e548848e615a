"""SLEAP's files, read by sleap-io."""

import sys

import numpy as np
import pytest

from mmpose_al.prediction.formats import sleap
from tests.test_prediction.models import predictions


@pytest.mark.parametrize('persons', [1, 2])
@pytest.mark.parametrize('is_video', [True, False])
def test_sleap_reads_the_same_numbers(tmp_path, persons, is_video):
    sio = pytest.importorskip('sleap_io', reason='extra labs')
    found, path = predictions(persons, is_video), str(tmp_path / 'v.slp')
    sleap.write(path, found)
    labels = sio.load_slp(path)
    assert labels.skeleton.node_names == ['nose', 'tail'] and len(labels.skeleton.edges) == 1
    assert [frame.frame_idx for frame in labels] == [0, 2]
    table = found.table()
    for frame in labels:
        rows = [instance.numpy(scores=True) for instance in frame.instances]
        expected = [row for row in table[frame.frame_idx] if np.isfinite(row).all()]
        np.testing.assert_allclose(rows, expected, atol=1e-9)
    assert len(labels.tracks) == (2 if persons == 2 else 0)
    assert labels.provenance['model'] == 'net'


def test_without_the_library_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'sleap_io', None)
    with pytest.raises(ImportError, match=r'Python 3.10.*mmpose_al\[labs\]'):
        sleap.write(str(tmp_path / 'v.slp'), predictions())
    assert list(tmp_path.iterdir()) == []
