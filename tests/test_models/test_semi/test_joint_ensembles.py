"""Ensembles of students without heatmaps: SimCC, and students of different kinds."""

import numpy as np
import pytest
import torch

from tests.helpers import FLIP, images, samples
from tests.test_models.test_semi.estimators import build
from tests.test_models.test_semi.keypoint_heads import regression, rtmpose


@pytest.mark.parametrize('flip_test', [False, True])
def test_ensemble_of_simcc_decodes_the_mean_of_the_distributions(flip_test):
    model = build('PoseDual', rtmpose(), test_cfg=dict(flip_test=flip_test)).eval()
    batch, data = images(2), samples([True, True])
    with torch.no_grad():
        each = [s.head.forward(s.extract_feat(batch)) for s in model.students]
        if flip_test:
            mirrored = [s.head.forward(s.extract_feat(batch.flip(-1))) for s in model.students]
            each += [(x.flip(-1)[:, FLIP], y[:, FLIP]) for x, y in mirrored]
        result = model.predict(batch, data)
    x, y = (torch.stack(parts).mean(0) for parts in zip(*each))
    # Two bins a pixel; a maximum that is not positive has no place.
    places = torch.stack([x.argmax(-1), y.argmax(-1)], -1) / 2
    known = torch.minimum(x.amax(-1), y.amax(-1)) > 0
    assert known.any()
    for sample, place, here in zip(result, places, known):
        assert np.allclose(sample.pred_instances.keypoints[0][here], place[here], atol=1e-4)
    alone = build('PoseDual', rtmpose(), test_cfg=dict(flip_test=flip_test, predict=1)).eval()
    alone.load_state_dict(model.state_dict())
    with torch.no_grad():
        expected = alone.predict(batch, samples([True, True]))[0].pred_instances
    got = result[0].pred_instances_student1
    assert np.allclose(got.keypoints, expected.keypoints)
    assert np.allclose(got.keypoint_scores, expected.keypoint_scores)
    with pytest.raises(ValueError, match='no maps in common'):
        model(batch, mode='tensor')
    assert [part.shape[-1] for part in alone(batch, mode='tensor')] == [64, 96]


def test_ensemble_of_different_kinds_is_the_mean_weighted_by_confidence():
    model = build('PoseDual', [regression(), regression('RLEHead')]).eval()
    fixed = torch.tensor([0.25, 0.5] * 4)
    with torch.no_grad():
        for network in model.students:
            network.head.fc.weight.zero_()
        model.students[0].head.fc.bias.copy_(fixed)  # (8, 24), confidence 1
        # (16, 36) with σ = sigmoid(0) = 0.5
        model.students[1].head.fc.bias.copy_(torch.tensor([0.5, 0.75, 0.0, 0.0] * 4))
        sample = model.predict(images(1), samples([True]))[0]
    expected = (np.array([8, 24]) + 0.5 * np.array([16, 36])) / 1.5
    assert np.allclose(sample.pred_instances.keypoints, expected, atol=1e-4)
    assert np.allclose(sample.pred_instances.keypoint_scores, 0.75)
    assert np.allclose(sample.pred_instances_student1.keypoints, [16, 36])
