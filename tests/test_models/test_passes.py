"""What the estimators say a step costs is what their networks do in it."""

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmpose.registry import MODELS

import mmpose_al  # noqa: F401 registers
from mmpose_al.models.passes import Passes, passes_per_step
from mmpose_al.models.pose3d import WeaklySupervisedPose3D
from mmpose_al.models.semi import SemiPoseEstimator
from tests.helpers import PREPROCESSOR, images, samples, student

JC = [dict(type='JointCutout')]
TEACHER = dict(teacher_checkpoint='not loaded here')
# Settings -> passes of a labelled and of an unlabelled image, counted by hand
ESTIMATORS = [
    (dict(type='PoseCons'), (0, 1), (1, 1)),
    (dict(type='PoseCons', hard_augments=JC, easy_view=dict(rotation=30)), (0, 1), (1, 1)),
    (dict(type='PoseCons', detach=False), (0, 1), (0, 2)),
    (dict(type='PoseDual', teacher_statistics='running'), (0, 2), (2, 2)),
    (dict(type='PoseDual', hard_paths=[JC, [], JC]), (0, 2), (2, 6)),
    (dict(type='PoseDual', detach=False), (0, 2), (0, 4)),
    (dict(type='MultiPathPose'), (0, 1), (1, 2)),
    (dict(type='MultiPathPose', students=[student(), student()]), (0, 2), (2, 4)),
    (dict(type='DenoisedPoseDual'), (0, 2), (6, 2)),
    (dict(type='DenoisedPoseDual', num_strong=0), (0, 2), (2, 2)),
    (dict(type='DenoisedPoseDual', num_strong=8, num_weak=3, hard_paths=[JC, []]), (0, 2), (22, 4)),
    (dict(type='MultiViewPoseDual', num_views=2, min_inliers=2), (0, 2), (2, 2)),
    (dict(type='MultiViewDenoisedPoseDual', num_views=2, min_inliers=2), (0, 2), (6, 2)),
    (dict(type='PseudoPose', **TEACHER), (0, 1), (1, 1)),
    (dict(type='DataDistill', num_views=3, **TEACHER), (0, 1), (4, 1)),
    (dict(type='MeanTeacherPose'), (0, 1), (1, 1)),
]


def count(model, batch, data):
    """Images that went through the model's networks in one step."""
    seen = {True: 0, False: 0}

    def hook(network, inputs, outputs):
        seen[outputs[0].requires_grad] += len(inputs[0])

    backbones = [m for m in model.modules() if type(m).__name__ == 'TinyBackbone']
    handles = [backbone.register_forward_hook(hook) for backbone in backbones]
    losses = model.loss(batch, data)
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    for handle in handles:
        handle.remove()
    return Passes(seen[False], seen[True])


def in_pairs(data):
    """The same with cameras: two views of one person each."""
    for index, sample in enumerate(data):
        sample.set_metainfo(
            dict(
                input_K=np.eye(3),
                input_dist=np.zeros(14),
                input_R=np.eye(3),
                input_t=np.array([index % 2, 0, 5.0]),
                frame_id=index // 2,
                person_id=0,
            )
        )
    return data


@pytest.mark.parametrize('labeled, unlabeled', [(2, 4), (3, 0), (0, 2)])
@pytest.mark.parametrize('config, one_labeled, one_unlabeled', ESTIMATORS, ids=str)
def test_an_estimator_says_what_its_networks_do(
    config, one_labeled, one_unlabeled, labeled, unlabeled
):
    torch.manual_seed(0)
    model = MODELS.build(
        ConfigDict({'students': student(), 'data_preprocessor': PREPROCESSOR, **config})
    ).train()
    told = passes_per_step(model, labeled, unlabeled)
    data = in_pairs(samples([False] * unlabeled)) + samples([True] * labeled)
    assert told == count(model, images(len(data)), data)
    by_hand = [labeled * a + unlabeled * b for a, b in zip(one_labeled, one_unlabeled)]
    assert told == tuple(by_hand)
    assert told.forwards == by_hand[0] + 3 * by_hand[1]


def test_every_registered_estimator_is_among_them():
    registered = {
        name
        for name, kind in MODELS.module_dict.items()
        if isinstance(kind, type)
        and issubclass(kind, SemiPoseEstimator)
        and kind.__module__.startswith('mmpose_al')
    }
    assert registered == {config['type'] for config, _, _ in ESTIMATORS}


def test_an_estimator_that_does_not_say_is_an_error_where_it_is_asked():
    class Silent(SemiPoseEstimator):
        pass

    model = Silent(ConfigDict(student()))
    with pytest.raises(NotImplementedError, match='Silent does not say its passes'):
        passes_per_step(model, 1, 1)


def test_mmposes_own_estimators_learn_from_labels_alone():
    model = MODELS.build(student())
    told = passes_per_step(model, 3, 2)
    assert told == Passes(0, 3) == count(model, images(3), samples([True] * 3))


@pytest.mark.parametrize('settings, used', [(dict(), 0), (dict(range_weight=1.0), 1)])
def test_3d_without_3d_labels_passes_each_view_that_has_a_loss(settings, used):
    network = student()
    network['head'].update(type='Heatmap2p5DHead', pair=(0, 1))
    network['head']['decoder'].update(type='Heatmap2p5D')
    model = MODELS.build(
        ConfigDict(type=WeaklySupervisedPose3D.__name__, network=network, num_views=2, **settings)
    )
    data = in_pairs(samples([True, True] + [False] * 4))
    for sample in data:
        sample.gt_instance_labels.relative_depth = torch.zeros(1, 4)
        sample.gt_instance_labels.relative_depth_weights = torch.ones(1, 4)
    told = passes_per_step(model, 2, 4)
    assert told == count(model, images(6), data) == Passes(0, 2 + 4 * used)
