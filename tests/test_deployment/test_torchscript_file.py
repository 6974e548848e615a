"""TorchScript: the file runs without our code, on any number of images."""

import json

import numpy as np
import torch

from mmpose_al.deployment import torchscript_file
from mmpose_al.deployment.network import DeployedNetwork
from tests.helpers import student
from tests.test_deployment.test_network import built, pixels


def test_a_file_gives_what_the_network_does(tmp_path):
    network = DeployedNetwork(built(student()))
    path = str(tmp_path / 'n.pt')
    torchscript_file.write(path, network, dict(keypoints=['nose']))
    run = torchscript_file.opened(path)
    for number in (1, 5):
        images = pixels(number).float()
        with torch.no_grad():
            expected = network(images)[0].numpy()
        np.testing.assert_allclose(run(images.numpy())[0], expected, atol=1e-6)
    inside = {torchscript_file.DESCRIPTION: ''}
    torch.jit.load(path, _extra_files=inside)
    assert json.loads(inside[torchscript_file.DESCRIPTION]) == dict(keypoints=['nose'])
    assert torchscript_file.library() is torch
