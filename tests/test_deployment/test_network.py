"""What goes into a file, against the model's own predictions, for every kind of head."""

import numpy as np
import pytest
import torch
from mmpose.registry import MODELS

from mmpose_al.deployment.network import NORMALIZED, DeployedNetwork
from tests.helpers import PREPROCESSOR, samples, student
from tests.test_integration.test_every_head import STUDENTS
from tests.test_models.test_semi.keypoint_heads import regression, rtmpose

MEAN, STD = [10.0, 20.0, 30.0], [50.0, 60.0, 70.0]  # of R, G, B
UNEQUAL = dict(type='PoseDataPreprocessor', mean=MEAN, std=STD, bgr_to_rgb=True)
WRITTEN = [key for key in STUDENTS if key[0] not in ('VisPredictHead', 'InternetHead')]


def built(config, **kwargs):
    torch.manual_seed(0)
    config = dict(config, **{'data_preprocessor': PREPROCESSOR, **kwargs})
    model = MODELS.build(config).eval()
    for name, parameter in model.named_parameters():
        if name.endswith('weight') and parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.2)
    return model


def pixels(number=3):
    random = np.random.RandomState(0)
    return torch.from_numpy(random.randint(0, 256, (number, 3, 48, 32)).astype(np.uint8))


def by_test(model, images):
    """Joints in pixels of the input, as the model's own test gives them."""
    data = dict(inputs=list(images), data_samples=samples([True] * len(images)))
    found = model.test_step(data)  # whose boxes are the inputs themselves
    return np.stack([sample.pred_instances.keypoints[0] for sample in found])


def read_off(network, images):
    with torch.no_grad():
        outputs = network(images)
    found = network.head.decode(outputs if len(outputs) > 1 else outputs[0])
    return outputs, np.stack([one.keypoints[0] for one in found])


@pytest.mark.parametrize('key', WRITTEN, ids=' '.join)
def test_every_head_gives_what_the_model_decodes(key):
    model = built(STUDENTS[key][0])
    network = DeployedNetwork(model)
    outputs, joints = read_off(network, pixels().float())
    assert len(outputs) == len(network.outputs) and network.size == (32, 48)
    np.testing.assert_allclose(joints, by_test(model, pixels()), atol=1e-3)


@pytest.mark.parametrize('config', [student(), rtmpose(), regression('RLEHead')])
def test_several_networks_are_their_mean(config):
    model = built(dict(type='PoseDual', students=config))
    network = DeployedNetwork(model)
    outputs, joints = read_off(network, pixels().float())
    each = [read_off(DeployedNetwork(alone), pixels().float())[0] for alone in singles(model)]
    for output, parts in zip(outputs, zip(*each)):
        assert not torch.equal(*parts)
        torch.testing.assert_close(output, (parts[0] + parts[1]) / 2)
    np.testing.assert_allclose(joints, by_test(model, pixels()), atol=1e-3)


def singles(model):
    for alone in model.students:
        alone.data_preprocessor = model.data_preprocessor
        yield alone


def test_pixels_are_normalised_as_the_preprocessor_does():
    model = built(student(), data_preprocessor=UNEQUAL)
    network = DeployedNetwork(model)
    image = torch.tensor([130.0, 140, 60]).view(1, 3, 1, 1)  # B, G, R
    # R (60 - 10) / 50, G (140 - 20) / 60, B (130 - 30) / 70
    expected = torch.tensor([1.0, 2.0, 10 / 7]).view(1, 3, 1, 1)
    torch.testing.assert_close(network.normalized(image), expected)
    with torch.no_grad():
        found = network(pixels().float())
        data = dict(inputs=list(pixels()), data_samples=samples([True] * 3))
        normalised = model.data_preprocessor(data)['inputs']
        torch.testing.assert_close(
            found, DeployedNetwork(model, NORMALIZED)(normalised), rtol=1e-5, atol=1e-5
        )


def test_the_flip_test_is_left_out():
    model = built(dict(student(), test_cfg=dict(flip_test=True, flip_mode='heatmap')))
    with torch.no_grad():
        images = pixels().float()
        (found,) = DeployedNetwork(model)(images)
        expected = model.head.forward(model.extract_feat(images.flip(1) / 255))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    'config, problem',
    [
        (STUDENTS['InternetHead', 'Hand3DHeatmap'][0], 'has the decoder Hand3DHeatmap'),
        (dict(type='PoseDual', students=[student(), rtmpose()]), '--network 0 or --network 1'),
        (
            dict(type='PoseDual', students=[regression(), regression('RLEHead')]),
            'no outputs in common .*, 4, 2.*, 4, 4',
        ),
    ],
)
def test_what_has_no_outputs_in_common_or_none_that_decode_is_refused(config, problem):
    with pytest.raises(ValueError, match=problem):
        DeployedNetwork(built(config))


def test_a_preprocessor_that_does_more_is_refused():
    padding = dict(PREPROCESSOR, pad_size_divisor=64)
    with pytest.raises(ValueError, match='pads images of 32x48 to sides that 64'):
        DeployedNetwork(built(student(), data_preprocessor=padding))
    with pytest.raises(ValueError, match='is a BaseDataPreprocessor'):
        DeployedNetwork(built(student(), data_preprocessor=dict(type='BaseDataPreprocessor')))
    with pytest.raises(ValueError, match="takes is 'pixels' or 'normalized'; got 'rgb'"):
        DeployedNetwork(built(student()), 'rgb')
