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
        build('PoseDual', [student(), second], lesson='heatmaps')


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


SIZES = dict(input_size=(32, 48), heatmap_size=(8, 12))
TAGS = dict(
    type='AssociativeEmbeddingHead',
    in_channels=8,
    num_keypoints=4,
    deconv_out_channels=None,
    decoder=dict(type='AssociativeEmbedding', sigma=1, **SIZES),
)
DEKR = dict(
    type='DEKRHead', in_channels=8, num_keypoints=4, decoder=dict(type='SPR', sigma=1, **SIZES)
)
CID = dict(
    type='CIDHead',
    in_channels=8,
    num_keypoints=4,
    gfd_channels=8,
    prior_prob=0.01,
    decoder=dict(type='DecoupledHeatmap', **SIZES),
)


@pytest.mark.parametrize(
    'head, words',
    [
        (TAGS, 'AssociativeEmbeddingHead of .* has a AssociativeEmbedding'),
        (DEKR, 'DEKRHead of .* has a SPR'),
        (CID, 'CIDHead of .* has a DecoupledHeatmap'),
    ],
)
@pytest.mark.parametrize('estimator', ['TopdownPoseEstimator', 'BottomupPoseEstimator'])
def test_heads_with_other_outputs_are_refused_when_they_are_built(head, words, estimator):
    config = dict(student(), type=estimator, head=head)
    with pytest.raises(ValueError, match=f'the network must predict .*{words}'):
        build('PoseDual', config)


@pytest.mark.parametrize('separate_depth', [True, False])
def test_depths_beside_heatmaps_are_refused(separate_depth):
    head = dict(
        type='Heatmap2p5DHead',
        in_channels=8,
        out_channels=4,
        pair=[0, 1],
        separate_depth=separate_depth,
        deconv_out_channels=None,
        decoder=dict(type='Heatmap2p5D', sigma=1, **SIZES),
    )
    with pytest.raises(ValueError, match='student 0: .* predicts depths beside its heatmaps'):
        build('PoseDual', dict(student(), head=head))


def test_a_bottom_up_estimator_is_refused_whatever_its_head():
    with pytest.raises(ValueError, match='answers for a whole image, not for one person'):
        build('PoseDual', dict(student(), type='BottomupPoseEstimator'))


def test_heatmaps_with_offsets_beside_them_are_refused():
    config = student()
    config['head']['decoder'] = dict(
        type='UDPHeatmap', input_size=(32, 48), heatmap_size=(8, 12), heatmap_type='combined'
    )
    config['head']['out_channels'] = 12
    with pytest.raises(ValueError, match="use heatmap_type='gaussian'"):
        build('PoseDual', config, lesson='heatmaps')
