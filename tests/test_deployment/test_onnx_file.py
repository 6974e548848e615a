"""ONNX: files of every kind of output load in onnxruntime."""

import sys

import numpy as np
import pytest
import torch
from torch import nn

from mmpose_al.deployment import OPSET, onnx_file
from mmpose_al.deployment.network import DeployedNetwork
from tests.helpers import student
from tests.test_deployment.test_network import WRITTEN, built, pixels
from tests.test_integration.test_every_head import STUDENTS

onnx = pytest.importorskip('onnx', reason='extra onnx')
onnxruntime = pytest.importorskip('onnxruntime', reason='extra onnx')


@pytest.mark.parametrize('key', WRITTEN, ids=' '.join)
def test_a_file_gives_what_the_network_does(tmp_path, key):
    network = DeployedNetwork(built(STUDENTS[key][0]))
    path = str(tmp_path / 'n.onnx')
    onnx_file.write(path, network, {})
    run = onnx_file.opened(path)
    for number in (1, 3):
        images = pixels(number).float()
        with torch.no_grad():
            expected = network(images)
        found = run(images.numpy())
        assert len(found) == len(expected)
        for one, other in zip(found, expected):
            np.testing.assert_allclose(one, other.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('opset', [None, 14])
def test_names_opset_and_description_are_in_the_file(tmp_path, opset):
    path = str(tmp_path / 'n.onnx')
    onnx_file.write(path, DeployedNetwork(built(student())), dict(keypoints=['nose']), opset)
    model = onnx.load(path)
    onnx.checker.check_model(model)
    assert [each.version for each in model.opset_import] == [opset or OPSET]
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    (images,), (heatmaps,) = session.get_inputs(), session.get_outputs()
    assert (images.name, images.shape) == ('input', ['batch', 3, 48, 32])
    assert (heatmaps.name, heatmaps.shape) == ('heatmaps', ['batch', 4, 12, 8])
    assert session.get_modelmeta().custom_metadata_map == dict(keypoints='["nose"]')


class ErrorFunctionInverse(nn.Module):
    """Of which ONNX knows nothing."""

    def forward(self, x):
        return torch.erfinv(x)


def test_an_operator_that_onnx_lacks_is_said(tmp_path):
    network = DeployedNetwork(built(student()))
    network.networks[0].backbone.layers.append(ErrorFunctionInverse())
    with pytest.raises(ValueError, match='cannot write this network as ONNX: .*erfinv'):
        onnx_file.write(str(tmp_path / 'n.onnx'), network, {})


@pytest.mark.parametrize('opset', [5, 99])
def test_an_opset_that_cannot_be_is_said_in_a_line(tmp_path, capfd, opset):
    with pytest.raises(ValueError, match=f'as ONNX: .*{opset}'):
        onnx_file.write(str(tmp_path / 'n.onnx'), DeployedNetwork(built(student())), {}, opset)
    assert capfd.readouterr().out == ''  # and not the whole graph


def test_a_library_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(ImportError, match=r'mmpose_al\[onnx\]'):
        onnx_file.library()
