"""A file is held to the model: by hand-made differences, and by joints that noise decides."""

import numpy as np
import pytest
import torch

from mmpose_al.deployment.check import Agreement, check_samples, compare, decoded, undecided
from mmpose_al.deployment.network import NORMALIZED, DeployedNetwork
from mmpose_al.prediction.estimator import Estimator
from tests.helpers import student
from tests.test_deployment.test_network import built
from tests.test_prediction.models import config
from tests.tiny_coco import write_data


@pytest.fixture
def estimator():
    torch.manual_seed(0)
    return Estimator(config(), None)


def faithful(network):
    def run(images):
        with torch.no_grad():
            return [part.numpy().copy() for part in network(torch.from_numpy(images))]

    return run


@pytest.mark.parametrize('takes', ['pixels', NORMALIZED])
def test_a_faithful_file_agrees(estimator, takes):
    samples, words = check_samples(config(), estimator, 3)
    assert words.startswith('3 images of noise, for want of test data (') and len(samples) == 3
    network = DeployedNetwork(estimator.model, takes)
    found = compare(network, estimator.model, faithful(network), samples)
    assert not found.fault and found.images == 3 and found.total == 12
    assert found.values < 1e-6 and found.joints < 1e-3


def shifted(run, by):
    return lambda images: [part + np.float32(by) for part in run(images)]


def moved(run):
    return lambda images: [np.roll(part, 1, -1) for part in run(images)]


def only_pairs(run):
    def checked(images):
        if len(images) != 2:
            raise RuntimeError('batch is 2\nand a trace')
        return run(images)

    return checked


def mixed_up(run):
    """Wrong for batches alone."""
    return lambda images: [part[::-1] for part in run(images)]


@pytest.mark.parametrize(
    'change, problem',
    [
        (lambda run: shifted(run, 1e-3), 'values differ by 0.001'),
        (lambda run: shifted(run, np.nan), 'values differ by nan'),
        (moved, 'values differ by'),
        (mixed_up, 'values differ by'),
        (lambda run: lambda images: [run(images)[0][:, :3]], 'values differ by inf'),
    ],
)
def test_a_file_that_differs_is_found(estimator, change, problem):
    samples, _ = check_samples(config(), estimator, 2)
    network = DeployedNetwork(estimator.model)
    found = compare(network, estimator.model, change(faithful(network)), samples)
    assert found.fault.startswith(problem)


def test_a_file_of_one_batch_size_does_not_run(estimator):
    samples, _ = check_samples(config(), estimator, 3)
    network = DeployedNetwork(estimator.model)
    with pytest.raises(ValueError, match='the file does not run: batch is 2$'):
        compare(network, estimator.model, only_pairs(faithful(network)), samples)


def test_joints_that_noise_decides_are_left_out_and_no_others():
    head = built(student()).head
    heatmaps = torch.zeros(1, 4, 12, 8)
    heatmaps[0, :, 5, 3] = 1.0
    heatmaps[0, :, 5, 4] = heatmaps[0, :, 4, 3] = 0.5  # towards which the place is refined
    heatmaps[0, 1, 9, 6] = 1.0  # as high
    heatmaps[0, 2, 9, 6] = 1.0 - 1e-3  # nearly
    heatmaps[0, 3, 5, 2] = 0.5  # left and right alike: refined towards noise
    assert decoded(head, [heatmaps])[0, 0].tolist() == [13.0, 19.0]
    assert undecided(head, [heatmaps], 1e-6)[0].tolist() == [False, True, False, True]
    assert undecided(head, [heatmaps], 1e-3)[0].tolist() == [False, True, True, True]
    assert not undecided(head, [heatmaps], 0.0).any()


def test_what_is_allowed_grows_with_the_values_alone():
    assert Agreement(1, 9e-5, 1.0, 0.0, 0, 4).fault == ''
    assert Agreement(1, 2e-4, 1.0, 0.0, 0, 4).fault.endswith('0.0001 is allowed')
    assert Agreement(1, 2e-4, 10.0, 0.0, 0, 4).fault == ''
    assert 'joints differ by 0.02 px' in Agreement(1, 0.0, 1.0, 0.02, 0, 4).fault
    assert '2 of 4 joints are left out' in str(Agreement(1, 0.0, 1.0, 0.0, 2, 4))


def test_test_data_that_are_there_are_taken(tmp_path, estimator):
    write_data(tmp_path)
    content = config()
    content.test_dataloader.dataset.update(
        data_root=str(tmp_path), ann_file='train.json', data_prefix=dict(img='images/')
    )
    samples, words = check_samples(content, estimator, 3)
    assert words == '3 images of the test data'
    names = [sample['data_samples'].metainfo['img_path'][-5:] for sample in samples]
    assert names == ['0.png', '4.png', '7.png']  # of 8, evenly
    (tmp_path / 'images' / '4.png').unlink()
    assert '3 images of noise' in check_samples(content, estimator, 3)[1]
