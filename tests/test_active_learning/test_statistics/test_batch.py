"""What several statistics need is computed once, and only where one asks."""

import numpy as np
import pytest
import torch

from mmpose_al.active_learning.scoring import given_statistics, score_batch
from mmpose_al.active_learning.statistics import chosen_statistics
from mmpose_al.active_learning.statistics.batch import Networks
from mmpose_al.models.semi.networks import predict_heatmaps
from tests.test_active_learning.test_statistics.batches import (
    batch_of,
    deep,
    dual,
    make_batch,
    plain,
)


def count_passes(network):
    """How often each part of a network ran."""
    passes = dict(backbone=0, head=0)

    def hook(name):
        def count(*args):
            passes[name] += 1

        return count

    network.backbone.register_forward_hook(hook('backbone'))
    head, forward = network.head, network.head.forward

    def counting(*args):
        passes['head'] += 1
        return forward(*args)

    head.forward = counting
    return passes


@pytest.mark.parametrize('needs', [(), ('features',), ('features', 'disagreement')])
def test_each_network_passes_once_whatever_is_needed(needs):
    model = dual()
    passes = [count_passes(network) for network in model.students]
    batch = make_batch(model, every_student='disagreement' in needs)
    score_batch(batch, given_statistics(batch.networks, needs))
    assert passes == [dict(backbone=1, head=1)] * 2


def test_features_alone_need_no_head():
    model = plain()
    passes = count_passes(model)
    score_batch(make_batch(model), {'features': chosen_statistics(['features'])['features']})
    assert passes == dict(backbone=1, head=0)


def test_ids_alone_need_no_network():
    model = plain()
    passes = count_passes(model)
    score_batch(make_batch(model), {'id': chosen_statistics()['id']})
    assert passes == dict(backbone=0, head=0)


def test_heatmaps_are_the_mean_of_those_that_predict():
    model = dual()
    batch = make_batch(model)
    with torch.no_grad():
        one, other = (predict_heatmaps(network, batch.inputs) for network in model.students)
        assert torch.equal(batch.heatmaps, torch.stack([one, other]).mean(0))
        single = make_batch(dual(predict=1))
        assert torch.equal(single.heatmaps, predict_heatmaps(single.networks.first, batch.inputs))


def test_networks_of_a_model():
    model = dual(predict=1)
    assert Networks(model).each == [model.students[1]]
    assert Networks(model, every_student=True).each == list(model.students)
    single = plain()
    assert Networks(single).each == Networks(single, every_student=True).each == [single]
    assert (Networks(single).joints, Networks(single).with_depth) == (4, False)
    assert (Networks(deep()).joints, Networks(deep()).with_depth) == (17, True)


def test_peaks_are_of_heatmaps_whose_labels_are_one():
    """Megvii's peak at 255."""
    codec = dict(type='MegviiHeatmap', input_size=(32, 48), heatmap_size=(8, 12), kernel_size=5)
    model = plain()
    batch = batch_of([torch.rand(2, 4, 12, 8)])
    assert torch.equal(batch.peaks.heatmaps, batch.heatmaps)
    from mmpose.registry import KEYPOINT_CODECS

    model.head.decoder = KEYPOINT_CODECS.build(codec)
    other = make_batch(model, samples=batch.samples)
    other.__dict__['every_heatmaps'] = [batch.heatmaps * 255]
    assert torch.allclose(other.peaks.heatmaps, batch.heatmaps)


def test_from_the_input_to_the_image():
    batch = make_batch()
    corners = np.array([[[0.0, 0], [32, 48]]] * 3)  # the crop is 64 x 96 about (100 + i, 200)
    found = batch.to_image(corners)
    assert found[0].tolist() == [[68, 152], [132, 248]]
    assert found[2].tolist() == [[70, 152], [134, 248]]
    assert batch.meta('camera_id') == [0, 1, 2] and batch.meta('nothing') == [None] * 3
