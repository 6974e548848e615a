"""The growth of a round is measured on versions that agree."""

import numpy as np
import pytest

from benchmarks import growth


def test_both_versions_agree_and_are_measured(tmp_path):
    row = growth.measure(100, str(tmp_path / 'growth'), False)  # it compares their results
    assert set(row) == {'frames', 'load', 'state', 'spacing', 'poses', 'features', 'peak_gb'}
    assert set(row['state']) == {'before', 'after'} and not (tmp_path / 'growth').exists()
    row = growth.measure(100, str(tmp_path / 'growth'), True)
    assert 'load' not in row and set(row['poses']) == {'after'}


def test_versions_that_disagree_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(growth, 'picked', lambda points, whole: whole)
    with pytest.raises(AssertionError, match='poses'):
        growth.measure(100, str(tmp_path / 'growth'), False)


def test_the_law_is_the_exponent():
    def row(frames, seconds):
        both = dict(before=seconds, after=seconds / 2)
        parts = dict.fromkeys(('state', 'spacing', 'poses', 'features'), both)
        return dict(frames=frames, load=seconds, **parts)

    found = growth.law(row(10, 1.0), row(1000, 1e4))
    assert set(found.values()) == {2.0} and len(found) == 9
    assert np.isclose(growth.law(row(10, 1.0), row(20, 2.0))['load'], 1)
