"""What is asked of a network: its heatmaps' shape, and statistics that stay."""

import copy

import pytest
import torch

from mmpose_al.models.semi.networks import predict_heatmaps, teacher_mode
from tests.helpers import images, student
from tests.test_models.test_semi.estimators import build


@pytest.mark.parametrize('statistics', ['batch', 'running'])
def test_teacher_pass_leaves_batchnorm_alone(statistics):
    model = build('PoseCons')
    network = model.students[0]
    before = copy.deepcopy(dict(network.named_buffers()))
    with torch.no_grad(), teacher_mode(network, statistics):
        seen = predict_heatmaps(network, images(4) * 3 + 1)
    for name, value in network.named_buffers():
        assert torch.equal(value, before[name]), name
    assert all(m.training for m in network.modules())
    # The reference runs on a copy, which may write its buffers.
    other = copy.deepcopy(network).train(statistics == 'batch')
    with torch.no_grad():
        assert torch.equal(seen, predict_heatmaps(other, images(4) * 3 + 1))


@pytest.mark.parametrize(
    'second, words',
    [
        (student(num_joints=5), r'\(4, 12, 8\).*\(5, 12, 8\)'),
        (student(heatmap_size=(16, 24)), r'\(4, 12, 8\).*\(4, 24, 16\)'),
    ],
)
def test_heatmaps_that_differ_are_refused_with_both_shapes(second, words):
    with pytest.raises(ValueError, match=words):
        build('PoseDual', [student(), second])


def test_what_reads_values_refuses_labels_that_peak_at_255():
    """A Gaussian of height 1 would teach such a student background."""
    config = student()
    config['head']['decoder'] = dict(
        type='MegviiHeatmap', input_size=(32, 48), heatmap_size=(8, 12), kernel_size=5
    )
    for name, changes in (
        ('DenoisedPoseDual', {}),
        ('DenoisedPoseDual', dict(refine=False)),
        ('DataDistill', dict(teacher_checkpoint='not loaded here', sigma=1.0)),
        ('PoseDual', dict(consistency=dict(min_confidence=0.4))),
        ('PoseCons', dict(consistency=dict(foreground_weight=10.0))),
    ):
        with pytest.raises(ValueError, match='MegviiHeatmap peak at 255'):
            build(name, config, **changes)
    build('PoseDual', config)


def test_heatmaps_with_offsets_beside_them_are_refused():
    config = student()
    config['head']['decoder'] = dict(
        type='UDPHeatmap', input_size=(32, 48), heatmap_size=(8, 12), heatmap_type='combined'
    )
    config['head']['out_channels'] = 12
    with pytest.raises(ValueError, match="use heatmap_type='gaussian'"):
        build('PoseDual', config)
