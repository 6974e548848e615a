"""What PyTorch's check lets in, and what not."""

import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.utils import digit_version

from mmpose_al.apis import checkpoints
from mmpose_al.apis.checkpoints import load_checked, safe_globals

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


class Runs:
    """Pickles as a call that leaves a mark."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def a_checkpoint():
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    layer = torch.nn.Linear(2, 3)
    return dict(
        meta=dict(iter=3, ids=np.arange(3), n=np.float64(0.5), names={'a', 'b'}),
        state_dict=layer.state_dict(),
        optimizer=torch.optim.Adam(layer.parameters()).state_dict(),
        message_hub=dict(log_scalars=dict(loss=history)),
        half=torch.ones(2, dtype=torch.float16),
        parameter=layer.weight,
    )


@pytest.mark.parametrize('zipped', [True, False])
def test_older_pytorch_loads_what_mmengine_writes_and_runs_nothing(tmp_path, zipped):
    path, mark = str(tmp_path / 'x.pth'), str(tmp_path / 'mark')
    content = a_checkpoint()
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    loaded = load_checked(path, 'cpu')
    assert loaded['meta'].keys() == content['meta'].keys() and loaded['meta']['names'] == {'a', 'b'}
    assert (loaded['meta']['ids'] == np.arange(3)).all() and loaded['meta']['n'] == 0.5
    assert loaded['message_hub']['log_scalars']['loss'].mean() == 1.5
    for name in ('half', 'parameter'):
        assert torch.equal(loaded[name], content[name])
    for name, value in content['state_dict'].items():
        assert torch.equal(loaded['state_dict'][name], value)
    torch.save(dict(content, evil=Runs(mark)), path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(pickle.UnpicklingError, match='asks for .*mkdir, which could run code'):
        load_checked(path)
    assert not os.path.exists(mark)
    with pytest.raises(FileNotFoundError, match='no.pth can not be found'):
        load_checked(str(tmp_path / 'no.pth'))


@pytest.mark.parametrize('version, replaced', [('2.5.1+cpu', True), ('2.6.0', False)])
def test_older_pytorch_gets_the_checked_loader(monkeypatch, version, replaced):
    loaders = []
    monkeypatch.setattr(torch, '__version__', version)
    monkeypatch.setattr(
        checkpoints.CheckpointLoader, 'register_scheme', lambda **given: loaders.append(given)
    )
    if replaced:
        checkpoints.allow_mmengine_checkpoints()
        assert loaders == [dict(prefixes='', loader=load_checked, force=True)]
    else:
        monkeypatch.setattr(torch.serialization, 'add_safe_globals', loaders.append, raising=False)
        checkpoints.allow_mmengine_checkpoints()
        assert len(loaders) == 1 and isinstance(loaders[0], list)
