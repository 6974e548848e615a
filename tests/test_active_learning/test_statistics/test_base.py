"""What every statistic promises, and which of them a pass computes."""

import numpy as np
import pytest
import torch

from mmpose_al.active_learning.registry import STATISTICS
from mmpose_al.active_learning.scoring import column
from mmpose_al.active_learning.statistics import Statistic, ViewStatistics, chosen_statistics
from mmpose_al.active_learning.statistics.base import how_to_have, registered_statistics
from mmpose_al.active_learning.statistics.batch import Networks
from tests.test_active_learning.test_statistics.batches import deep, dual, make_batch, plain

MODELS = dict(plain=plain, dual=dual, deep=deep)


@pytest.fixture
def registered():
    """Registers statistics for one test."""
    before = dict(STATISTICS.module_dict)
    yield STATISTICS.register_module
    STATISTICS.module_dict.clear()
    STATISTICS.module_dict.update(before)


@pytest.mark.parametrize('model', MODELS)
@pytest.mark.parametrize('name', registered_statistics())
def test_conformance(name, model):
    """A row for each view, of the shape and the type that it says."""
    statistic, networks = STATISTICS.get(name)(), Networks(MODELS[model]())
    if statistic.lacks(networks):
        assert statistic.remedy
        return
    sizes = dict(K=networks.joints)
    with torch.no_grad():
        found = column(name, statistic, make_batch(networks.model), sizes)
    assert found.dtype == statistic.dtype and found.shape == (
        3,
        *(sizes[size] if isinstance(size, str) else size for size in statistic.shape),
    )
    assert (type(statistic).__doc__ or '').strip()
    if statistic.missing is not None:
        filled = np.full(1, statistic.missing, statistic.dtype)
        assert filled[0] == statistic.missing or np.isnan(statistic.missing)


def test_every_statistic_is_computed_for_some_model():
    given = {
        name
        for name, kind in registered_statistics().items()
        for model in MODELS.values()
        if not kind().lacks(Networks(model()))
    }
    assert given == set(registered_statistics())


def test_a_pass_computes_what_it_always_does_and_what_is_needed():
    always = set(chosen_statistics())
    assert {'id', 'unit', 'keypoints', 'scores', 'margin', 'entropy', 'diagonal', 'K'} <= always
    assert 'features' not in always
    assert set(chosen_statistics(('cameras', 'features', 'frames'))) == always | {'features'}


def test_an_unknown_statistic_is_named_with_those_there_are():
    with pytest.raises(ValueError, match=r"needs 'sharpnes',.*keypoints_3d.*custom_imports"):
        chosen_statistics(('cameras', 'sharpnes'))


def test_one_that_is_registered_elsewhere_is_found(registered):
    @registered('sharpness')
    class Sharpness(Statistic):
        def compute(self, batch):
            return [1.0] * len(batch)

    assert 'sharpness' not in chosen_statistics()
    assert type(chosen_statistics(['sharpness'])['sharpness']) is Sharpness
    assert how_to_have('sharpness').startswith('score the pool again')
    assert how_to_have('disagreement').startswith('train a PoseDual')
    assert Sharpness().lacks(None) == ''
    with pytest.raises(KeyError, match='already registered'):
        registered('sharpness')(type('Another', (Statistic,), {}))
    with pytest.raises(NotImplementedError):
        Statistic().compute(None)


def test_a_name_that_no_column_can_have_is_refused(registered):
    registered('select')(type('Select', (Statistic,), {}))
    with pytest.raises(ValueError, match="'select'"):
        chosen_statistics()
    assert hasattr(ViewStatistics, 'select')
