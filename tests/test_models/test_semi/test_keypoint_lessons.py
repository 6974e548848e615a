"""Lessons in keypoints: places and weights by hand, gradients, and whom they can teach."""

import copy

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmpose.registry import MODELS

from mmpose_al.models.semi.keypoint_lessons import (
    KeypointConsistencyLoss,
    KeypointLesson,
    check_keypoints,
    confidence_of,
    encoded_samples,
    keypoint_lesson,
    predict_keypoints,
)
from mmpose_al.models.views import View
from tests.helpers import FLIP, images, samples, student
from tests.test_models.test_semi.estimators import SAME_VIEW, build, gradients
from tests.test_models.test_semi.keypoint_heads import (
    HEATMAPS,
    INPUT,
    SIMCC,
    heatmap_head,
    labelled,
    regression,
    rtmpose,
)

STILL = torch.eye(2, 3)[None]


def test_places_go_through_the_map_and_the_flip_with_left_and_right():
    """A hard view turned by 90 degrees about (2, 3) and then one that is mirrored."""
    places = torch.tensor([[[4.0, 3.0], [2.0, 8.0], [0.0, 0.0], [1.0, 1.0]]])
    sure = torch.tensor([[0.9, 0.1, 0.5, 0.0]])
    # x' = 2 - (y - 3), y' = 3 + (x - 2)
    quarter = torch.tensor([[[0.0, -1.0, 5.0], [1.0, 0.0, 1.0]]])
    lesson = keypoint_lesson(places, sure, View(quarter, torch.tensor([False])), FLIP)
    assert lesson.places[0].tolist() == [[2, 5], [-3, 3], [5, 1], [4, 2]]
    assert torch.equal(lesson.joints, places) and torch.equal(lesson.certainty, sure)
    mirror = View(torch.tensor([[[-1.0, 0.0, 31.0], [0.0, 1.0, 0.0]]]), torch.tensor([True]))
    lesson = keypoint_lesson(places, sure, mirror, FLIP)  # 0 <-> 1, 2 <-> 3
    assert lesson.places[0].tolist() == [[29, 8], [27, 3], [30, 1], [31, 0]]
    assert lesson.certainty[0].tolist() == pytest.approx([0.1, 0.9, 0.0, 0.5])
    assert lesson.confidence[0].tolist() == pytest.approx([0.9, 0.1, 0.5, 0.0])
    # What the teacher saw in the mirror goes back to the easy image and is itself again.
    back = keypoint_lesson(*lesson[:2], View(STILL, torch.tensor([False])), FLIP, mirror)
    assert torch.equal(back.places, places) and torch.equal(back.joints, places)


def test_labels_and_weights_of_simcc_by_hand():
    network = MODELS.build(rtmpose())
    places = torch.tensor([[[10.0, 20.0], [31.0, 0.0], [-40.0, 5.0], [float('nan'), 3.0]]])
    weight = torch.tensor([[0.25, 1.0, 0.7, 0.0]])
    (sample,) = encoded_samples(network, places, weight)
    labels = sample.gt_instance_labels
    # (-40, 5) is further than three σ outside: the codec takes its weight away.
    assert labels.keypoint_weights[0].tolist() == pytest.approx([0.25, 1.0, 0.0, 0.0])
    x, y = torch.arange(64.0), torch.arange(96.0)
    assert torch.allclose(labels.keypoint_x_labels[0, 0], torch.exp(-((x - 20) ** 2) / 8))
    assert torch.allclose(labels.keypoint_y_labels[0, 0], torch.exp(-((y - 40) ** 2) / 12.5))
    assert labels.keypoint_x_labels[0, 3].abs().sum() == 0


def test_loss_is_the_students_own_and_weighs_each_joint():
    """KLDiscretLoss is linear in the weights: joint by joint they add up."""
    network = MODELS.build(rtmpose()).eval()
    batch, places = images(2), torch.rand(2, 4, 2) * 30
    sure = torch.tensor([[1.0, 0.5, 0.2, 0.0], [0.3, 0.0, 1.0, 0.6]])
    lesson = KeypointLesson(places, sure, places, sure)
    with torch.no_grad():
        got, seen = KeypointConsistencyLoss(loss_weight=2.0)(network, batch, lesson)
    alone = torch.zeros(2, 4)
    for image in range(2):
        for joint in range(4):
            one = torch.zeros(2, 4)
            one[image, joint] = 1
            own = network.loss(batch, encoded_samples(network, places, one))
            alone[image, joint] = own['loss_kpt'].detach()
    assert float(got) == pytest.approx(2 * float((alone * sure).sum()), rel=1e-4)
    assert 0 < float(seen) <= 1
    for kwargs, weights in (
        (dict(weight='one'), (sure > 0).float()),
        (dict(min_confidence=0.5), sure * (sure > 0.5)),
    ):
        assert torch.equal(KeypointConsistencyLoss(**kwargs).weights(lesson), weights)
    half = lesson._replace(weight=torch.full((2, 4), 0.5))
    assert torch.equal(KeypointConsistencyLoss().weights(half), sure / 2)
    with pytest.raises(ValueError, match="'confidence' or 'one'; got 'two'"):
        KeypointConsistencyLoss(weight='two')


def test_confidence_of_simcc_is_the_peak_over_that_of_a_label():
    network = MODELS.build(rtmpose())
    places = torch.tensor([[[10.0, 20.0], [15.0, 24.0], [20.0, 30.0], [5.0, 40.0]]])
    labels = encoded_samples(network, places, torch.ones(1, 4))[0].gt_instance_labels
    x, y = labels.keypoint_x_labels, labels.keypoint_y_labels
    assert torch.allclose(confidence_of(network, (x, y)), torch.ones(1, 4), atol=0.02)
    # Flat along y: 1 / 96 over the peak of softmax(10 exp(-d^2 / 12.5)).
    bins = torch.arange(96.0)
    peak = (10 * torch.exp(-((bins - 48) ** 2) / 12.5)).softmax(0).max()
    flat = confidence_of(network, (x, torch.zeros_like(y)))
    assert torch.allclose(flat, torch.full((1, 4), float(1 / 96 / peak)), rtol=1e-4)


def test_confidence_of_other_outputs():
    heatmaps = torch.zeros(1, 4, 12, 8)
    heatmaps[0, 1, 3, 2], heatmaps[0, 2, 0, 0] = 0.6, 1.7
    network = MODELS.build(student())
    assert confidence_of(network, heatmaps)[0].tolist() == pytest.approx([0, 0.6, 1, 0])
    megvii = MODELS.build(heatmap_head(dict(type='MegviiHeatmap', kernel_size=5, **HEATMAPS)))
    assert confidence_of(megvii, heatmaps * 255)[0].tolist() == pytest.approx([0, 0.6, 1, 0])
    rle = MODELS.build(regression('RLEHead'))
    output = torch.zeros(1, 4, 4)
    output[0, 0, 2:] = torch.tensor([-2.0, 0.0])  # sigmoid: 0.1192 and 0.5
    expected = 1 - (0.11920292 + 0.5) / 2
    assert confidence_of(rle, output)[0].tolist() == pytest.approx([expected, 0.5, 0.5, 0.5])
    assert confidence_of(MODELS.build(regression()), torch.rand(1, 4, 2)).tolist() == [[1.0] * 4]


def test_joints_are_those_that_mmpose_predicts_in_pixels_of_the_input():
    batch, data = images(2), samples([True, True])
    for config in (student(), rtmpose(), regression('RLEHead')):
        torch.manual_seed(1)
        network = MODELS.build(config).eval()
        places, confidence = predict_keypoints(network, batch)
        with torch.no_grad():
            expected = network.head.predict(network.extract_feat(batch), data, {})
        known = confidence > 0
        assert known.any()
        for one, place, here in zip(expected, places, known):
            assert np.allclose(one.keypoints[0][here], place[here], atol=2e-3)


def test_a_joint_outside_the_image_teaches_nothing():
    network = MODELS.build(regression()).eval()
    with torch.no_grad():
        network.head.fc.weight.zero_()
        network.head.fc.bias.copy_(torch.tensor([0.5, 0.5, -0.1, 0.5, 0.5, 1.2, 0.1, 0.9]))
    places, confidence = predict_keypoints(network, images(1))
    assert confidence[0].tolist() == [1, 0, 0, 1]
    assert places[0, 0].tolist() == [16, 24]


def test_posedual_of_simcc_learns_on_the_hard_path_only_and_takes_two_steps():
    model = build('PoseDual', rtmpose(), hard_augments=[dict(type='JointCutout', num_joints=2)])
    assert model.lesson_kind == 'keypoints'
    batch, data = images(4), labelled(model.students[0], [True, True, False, False])
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    before = copy.deepcopy(model.state_dict())
    for step in range(2):
        losses = model.loss(batch, data)
        if step == 0:
            assert gradients(model, losses['unsup_student0_loss_kpt']) == [True, False]
            assert gradients(model, losses['unsup_student1_loss_kpt']) == [False, True]
            assert gradients(model, losses['sup_student1_loss_kpt']) == [False, True]
        optimizer.zero_grad()
        sum(value for name, value in losses.items() if 'loss' in name).backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
        optimizer.step()
    changed = {name for name, value in model.named_parameters() if not value.equal(before[name])}
    for part in ('backbone.layers.0.weight', 'head.cls_x.weight', 'head.cls_y.weight'):
        assert {f'students.{index}.{part}' for index in (0, 1)} <= changed
    for name in ('response_labeled', 'response_easy', 'response_hard'):
        assert 0 <= float(losses[name]) <= 1


def test_only_labelled_images_make_the_running_statistics():
    model = build('PoseDual', rtmpose())
    before = copy.deepcopy(dict(model.named_buffers()))
    sum(v for k, v in model.loss(images(2), samples([False] * 2)).items() if 'loss' in k).backward()
    assert all(torch.equal(value, before[name]) for name, value in model.named_buffers())


def test_lesson_of_the_other_student_by_hand():
    """Without a map: each student's own loss on the labels of the other's joints."""
    model = build('PoseDual', rtmpose(), hard_view=SAME_VIEW)
    batch, data = images(3), samples([False] * 3)
    losses = model.loss(batch, data)
    places, confidence = model.teacher_keypoints(1, batch)
    own = model.students[0].loss(batch, encoded_samples(model.students[0], places, confidence))
    assert float(losses['unsup_student0_loss_kpt']) == pytest.approx(
        float(own['loss_kpt']), rel=1e-4
    )
    assert float(losses['response_easy']) == pytest.approx(
        float(sum(model.teacher_keypoints(i, batch)[1].mean() for i in (0, 1)) / 2), rel=1e-4
    )


def test_heatmap_lessons_stay_the_default_and_keypoints_can_be_asked_for():
    assert build('PoseDual').lesson_kind == 'heatmaps'
    model = build('PoseDual', lesson='keypoints', consistency=dict(min_confidence=0.1))
    assert model.lesson_kind == 'keypoints'
    losses = model.loss(images(2), labelled(model.students[0], [True, False]))
    assert gradients(model, losses['unsup_student0_loss_kpt']) == [True, False]
    with pytest.raises(ValueError, match='RTMCCHead.*use a top-down heatmap head'):
        build('PoseDual', rtmpose(), lesson='heatmaps')
    with pytest.raises(ValueError, match="lesson of PoseDual is one of .*got 'regions'"):
        build('PoseDual', lesson='regions')
    with pytest.raises(ValueError, match='consistency.use_mask is about pixels'):
        build('PoseDual', rtmpose(), consistency=dict(use_mask=False))
    with pytest.raises(ValueError, match="detach=False .*lesson='heatmaps'"):
        build('PoseDual', rtmpose(), detach=False)


def test_what_cannot_be_compared_is_refused():
    other = dict(SIMCC, input_size=(64, 48))
    with pytest.raises(ValueError, match=r'input_size of student 0 is \(32, 48\) and of student 1'):
        build(
            'PoseDual',
            [student(), rtmpose(decoder=other, input_size=(64, 48), in_featuremap_size=(8, 12))],
        )
    with pytest.raises(ValueError, match='joints of student 0 is 5 and of student 1 4'):
        build('PoseDual', [student(num_joints=5), rtmpose()])
    blind = dict(type='KLDiscretLoss', use_target_weight=False)
    with pytest.raises(ValueError, match='KLDiscretLoss; give it use_target_weight=True'):
        build('PoseDual', rtmpose(loss=blind))
    check_keypoints([MODELS.build(rtmpose(loss=blind))], learns=[False])
    with pytest.raises(ValueError, match='has the decoder NoneType; decoder=codec must be'):
        build('PoseDual', rtmpose(decoder=None))
    assert INPUT == (32, 48)


def test_heatmaps_and_simcc_teach_each_other():
    """The pipeline encodes for one codec; students of several encode for themselves."""
    model = build('PoseDual', [student(), rtmpose()])
    batch = images(4)
    data = labelled(model.students[0], [True, True, False, False])
    losses = model.loss(batch, data)
    assert gradients(model, losses['unsup_student0_loss_kpt']) == [True, False]
    assert gradients(model, losses['unsup_student1_loss_kpt']) == [False, True]
    own = labelled(model.students[1], [True, True])
    expected = model.students[1].loss(batch[:2], own)['loss_kpt']
    got = losses['sup_student1_loss_kpt']
    assert float(got.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    for sample in data:
        del sample.gt_instances.transformed_keypoints
    with pytest.raises(ValueError, match='give PackPoseInputs pack_transformed=True'):
        model.loss(batch, data)


@pytest.mark.parametrize(
    'network, other, lacking',
    [
        (rtmpose(), student(), 'keypoint_x_labels, keypoint_y_labels'),
        (student(), rtmpose(), 'heatm'),
    ],
)
def test_a_pipeline_of_another_codec_is_told(network, other, lacking):
    model, batch = build('PoseDual', network), images(2)
    data = labelled(MODELS.build(other), [True, True])
    with pytest.raises(
        ValueError, match=f'have no {lacking}.* encoder=codec, the [MS].* of the he'
    ):
        model.loss(batch, data)


def test_students_of_several_codecs_learn_labels_by_their_weights():
    """Those of pseudo-labels, which the pipeline multiplies into the weights of its codec."""
    model = build('PoseDual', [student(), rtmpose()])
    batch, weights = images(2), torch.tensor([[0.25, 1.0, 0.0, 1.0]])
    data = labelled(model.students[0], [True, True])
    own = labelled(model.students[1], [True, True])
    for sample in (data[0], own[0]):
        sample.gt_instance_labels.keypoint_weights = weights
    losses = model.loss(batch, data)
    for index, samples_of in enumerate((data, own)):
        expected = model.students[index].loss(batch, samples_of)['loss_kpt']
        got = losses[f'sup_student{index}_loss_kpt']
        assert float(got.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    several = torch.stack([0 * weights, weights])  # of two encoders
    data[0].gt_instance_labels = InstanceData(keypoint_weights=several)
    again = model.loss(batch, data)
    torch.testing.assert_close(again['sup_student1_loss_kpt'], losses['sup_student1_loss_kpt'])
    for sample in data:  # a pipeline without targets
        del sample.gt_instance_labels
    data[0].gt_instances.keypoints_visible = weights.ceil().numpy()
    own[0].gt_instance_labels.keypoint_weights = weights.ceil()
    expected = model.students[1].loss(batch, own)['loss_kpt']
    got = model.loss(batch, data)['sup_student1_loss_kpt']
    assert float(got.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)


def save(network, path):
    torch.save(dict(state_dict=network.state_dict()), path)
    return str(path)


def test_a_frozen_heatmap_teacher_teaches_a_simcc_student(tmp_path):
    torch.manual_seed(3)
    teacher = MODELS.build(student())
    for parameter in teacher.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    path = save(teacher, tmp_path / 'teacher.pth')
    config = dict(students=rtmpose(), teacher=student(), teacher_checkpoint=path)
    model = MODELS.build(dict(type='PseudoPose', hard_view=SAME_VIEW, **config))
    model.init_weights()
    batch, data = images(2), samples([False, False])
    losses = model.train().loss(batch, data)
    places, confidence = predict_keypoints(teacher.eval(), batch)
    assert confidence.max() > 0
    expected = model.students[0].loss(
        batch, encoded_samples(model.students[0], places, confidence)
    )['loss_kpt']
    got = losses['unsup_loss_kpt'].detach()
    assert float(got) == pytest.approx(float(expected.detach()), rel=1e-4)
    losses['unsup_loss_kpt'].backward()
    assert all(p.grad is None for p in model.teacher.parameters())
    assert model.students[0].head.cls_x.weight.grad.abs().sum() > 0


def test_datadistill_takes_the_mean_of_the_views_weighted_by_confidence(tmp_path):
    teacher = MODELS.build(rtmpose())
    path = save(teacher, tmp_path / 'teacher.pth')
    model = MODELS.build(
        dict(type='DataDistill', students=rtmpose(), teacher_checkpoint=path, num_views=1,
             views=dict(rotation=0, scale=(0.5, 0.5), flip_prob=1.0))
    )  # fmt: skip
    model.init_weights()
    first = (torch.full((1, 4, 2), 10.0), torch.full((1, 4), 0.9))
    second = torch.tensor([[[15.5, 23.5], [10.0, 20.0], [15.5, 23.5], [15.5, 23.5]]])
    answers = [first, (second, torch.tensor([[0.3, 0.1, 0.0, 0.9]]))]
    module = 'mmpose_al.models.semi.teachers.predict_keypoints'
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, lambda *_: answers.pop(0))
        places, sure = model.mean_keypoints(images(1), np.array([5]), FLIP)
    # The view's joint 1 at (10, 20) is the easy image's joint 0 at
    # (15.5 - 2 (10 - 15.5), 23.5 + 2 (20 - 23.5)) = (26.5, 16.5), with confidence 0.1.
    assert places[0, 0].tolist() == pytest.approx([(9 + 2.65) / 1.0, (9 + 1.65) / 1.0])
    assert places[0, 1].tolist() == pytest.approx([(9 + 4.65) / 1.2, (9 + 7.05) / 1.2])
    assert places[0, 2].tolist() == pytest.approx([12.75, 16.75])  # as sure of 3 as of it
    assert sure[0].tolist() == pytest.approx([0.5, 0.6, 0.9, 0.45])
    # At (1, 1) of the view there is padding: it would be (44.5, 68.5) of the easy image.
    second[0, 1] = 1.0
    answers = [first, (second, torch.full((1, 4), 0.9))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, lambda *_: answers.pop(0))
        places, sure = model.mean_keypoints(images(1), np.array([5]), FLIP)
    assert places[0, 0].tolist() == pytest.approx([10, 10]) and float(sure[0, 0]) == (
        pytest.approx(0.45)
    )
    losses = model.train().loss(images(2), samples([False, False]))
    assert losses['unsup_loss_kpt'].requires_grad


def test_mean_teacher_of_simcc_and_two_hard_paths():
    for name in ('MeanTeacherPose', 'MultiPathPose'):
        model = build(name, rtmpose())
        losses = model.loss(images(4), labelled(model.students[0], [True, True, False, False]))
        assert losses['unsup_loss_kpt'].requires_grad and losses['sup_loss_kpt'] > 0
