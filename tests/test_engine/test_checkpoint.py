"""What PyTorch's check lets in, and what not."""

import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.utils import digit_version

from mmpose_al.engine.checkpoint import safe_globals

checked_by_default = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.6.0'),
    reason='PyTorch loads with weights_only=True by itself since 2.6',
)


@checked_by_default
def test_numpy_types_load(tmp_path):
    """As metainfo and logs hold them, under both of NumPy's module names."""
    path = str(tmp_path / 'x.pth')
    content = [np.float64(0.5), np.int64(3), np.float32(2), np.bool_(True)] + [
        np.array([0, 1], dtype=code) for code in ('f4', 'f8', 'i8', 'u1', '?')
    ]
    torch.save(content, path)
    loaded = torch.load(path, weights_only=True)
    assert all((a == b).all() for a, b in zip(content, loaded))
    rewrite_module(path, b'numpy.core.', b'numpy._core.')
    loaded = torch.load(path, weights_only=True)
    assert all((a == b).all() for a, b in zip(content, loaded))
    rewrite_module(path, b'numpy._core.', b'numpy.core.')
    loaded = torch.load(path, weights_only=True)
    assert all((a == b).all() for a, b in zip(content, loaded))


@checked_by_default
def test_an_array_without_elements_loads(tmp_path):
    """The colours of a skeleton that has no limbs."""
    path = str(tmp_path / 'x.pth')
    torch.save(np.zeros(0), path)
    assert torch.load(path, weights_only=True).shape == (0,)


def rewrite_module(path, old, new):
    """Exchange a module's name in a checkpoint's pickle."""
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, 'w') as file:
        for name, part in parts.items():
            if name.endswith('data.pkl'):
                part = part.replace(b'c' + old, b'c' + new)
            file.writestr(name, part)


class Reach:
    """Pickles as getattr(owner, name)."""

    def __init__(self, owner, name):
        self.owner, self.name = owner, name

    def __reduce__(self):
        return getattr, (self.owner, self.name)


@checked_by_default
@pytest.mark.parametrize(
    'content',
    [
        ValueError,
        Reach(HistoryBuffer, '__init__'),
        Reach(np.ndarray, 'tofile'),
        Reach(Reach(HistoryBuffer, 'mean'), '__globals__'),
    ],
)
def test_nothing_else_is_allowed(tmp_path, content):
    path = str(tmp_path / 'x.pth')
    torch.save(dict(a=Reach(HistoryBuffer, 'mean')), path)
    assert torch.load(path, weights_only=True)['a'] is HistoryBuffer.mean
    torch.save(dict(a=content), path)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)


def test_no_wide_callable_is_allowed():
    allowed = [item[0] if isinstance(item, tuple) else item for item in safe_globals()]
    for forbidden in (getattr, eval, exec, os.system, __import__):
        assert forbidden not in allowed
