"""Files are written whole and right, or not at all."""

import pytest
import torch

from mmpose_al.deployment import exporting
from mmpose_al.deployment.check import Agreement
from tests.test_prediction.models import config, trained


@pytest.fixture
def exporter(tmp_path):
    weights = str(trained(tmp_path / 'run', students=True) / 'iter_9.pth')
    content = config(students=True)
    content.model.test_cfg = dict(flip_test=True, flip_mode='heatmap')
    return exporting.Exporter(content, weights, images=2)


def test_a_file_is_written_and_described(tmp_path, exporter):
    done = exporter.write(str(tmp_path / 'n.pt'), 'torchscript')
    assert (tmp_path / 'n.pt').is_file() and done.kind == 'torchscript'
    assert done.agreement.values < 1e-6 and done.agreement.images == 2
    assert done.description['model'] == 'PoseDual, mean of student 0 and student 1'
    assert 'noise' in done.checked


def test_one_network_is_chosen(tmp_path, exporter):
    weights = str(tmp_path / 'run' / 'iter_9.pth')
    one = exporting.Exporter(config(students=True), weights, network='1', images=1)
    assert one.description['model'] == 'PoseDual, student 1'
    expected = exporter.network.networks[1].state_dict()
    for name, value in one.network.networks[0].state_dict().items():
        assert torch.equal(value, expected[name])


def test_a_file_that_differs_is_not_kept(tmp_path, exporter, monkeypatch):
    path = tmp_path / 'n.pt'
    path.write_bytes(b'the one before')
    run = exporting.KINDS['torchscript'].opened
    monkeypatch.setattr(
        exporting.KINDS['torchscript'],
        'opened',
        lambda path: lambda images: [part + 1e-3 for part in run(path)(images)],
    )
    with pytest.raises(ValueError, match='n.pt: not written, .* differs .* noise.*: values differ'):
        exporter.write(str(path), 'torchscript')
    assert path.read_bytes() == b'the one before'
    assert sorted(each.name for each in tmp_path.iterdir()) == ['n.pt', 'run']


def test_joints_that_differ_are_enough(tmp_path, exporter, monkeypatch):
    apart = Agreement(2, 0.0, 1.0, 0.5, 0, 8)
    monkeypatch.setattr(exporting, 'compare', lambda *_: apart)
    with pytest.raises(ValueError, match='joints differ by 0.5 px, and 0.01 px is allowed'):
        exporter.write(str(tmp_path / 'n.pt'), 'torchscript')
    assert not (tmp_path / 'n.pt').exists()
