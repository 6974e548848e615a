"""JointECE by hand."""

import math

import numpy as np
import pytest
from mmpose.registry import METRICS

from mmpose_al.confidence import ConfidenceMap, to_content
from mmpose_al.fileio import FileError, write_json
from tests.test_evaluation.poses import META, evaluate, sample


def scored(shifts, scores, **more):
    result = sample(shifts, **more)
    result['pred_instances']['keypoint_scores'] = np.array([scores], float)
    return result


# The longer side is 40: the radius is 4 at 0.1. Confidence 0.9: right, wrong; 0.3: right,
# wrong, right; one is invisible.
BATCH = [
    scored([[0, 0], [9, 9], [0, 4]], [0.9, 0.9, 0.3]),
    scored([[9, 0], [4, 0], [0, 0]], [0.3, 0.3, 0.9], visible=(1, 1, 0)),
]


def test_ece_by_hand():
    values = evaluate(dict(type='JointECE', bins=2, per_joint=True), BATCH)
    assert values == {
        'confidence/ECE': pytest.approx(100 * (2 * 0.4 + 3 * (2 / 3 - 0.3)) / 5),
        'confidence/NLL': pytest.approx(
            -(math.log(0.9) + math.log(0.1) + 2 * math.log(0.3) + math.log(0.7)) / 5
        ),
        'confidence/mean': pytest.approx(100 * 2.7 / 5),
        'confidence/right': pytest.approx(60),
        'confidence/ECE/left_hip': pytest.approx(100 * (0.1 + 0.3) / 2),
        'confidence/ECE/right_shoulder': pytest.approx(100 * (0.9 + 0.7) / 2),
        'confidence/ECE/nose': pytest.approx(70),
    }


def test_radius_of_the_torso():
    """10 long, radius 2; without a visible torso an image does not count."""
    values = evaluate(dict(type='JointECE', thr=0.2, norm='torso', bins=1), BATCH)
    assert values['confidence/right'] == pytest.approx(20)
    assert values['confidence/ECE'] == pytest.approx(100 * (2.7 / 5 - 0.2))
    hidden = [scored([[0, 0]] * 3, [0.5] * 3, visible=(0, 1, 1))]
    values = evaluate(dict(type='JointECE', norm='torso'), hidden)
    assert all(np.isnan(value) for value in values.values())


def test_scores_through_a_file_and_what_was_judged(tmp_path):
    path = str(tmp_path / 'confidence.json')
    write_json(path, to_content(ConfidenceMap('logit', 0.5, 0.0)))
    metric = METRICS.build(dict(type='JointECE', bins=1, confidence=path))
    metric.dataset_meta = META
    metric.process(None, BATCH)
    values = metric.evaluate(2)
    # sqrt(0.9 / 0.1) = 3 gives 0.75, sqrt(0.3 / 0.7) gives 0.3956
    low = math.sqrt(3 / 7) / (1 + math.sqrt(3 / 7))
    assert values['confidence/mean'] == pytest.approx(100 * (2 * 0.75 + 3 * low) / 5)
    assert metric.judged.right[metric.judged.counted].tolist() == [True, False, True, False, True]
    assert metric.judged.scores[1].tolist() == [0.3, 0.3, 0.9]


def test_each_student_has_its_own():
    batch = [dict(one, pred_instances_student0=one['pred_instances']) for one in BATCH]
    plain = evaluate(dict(type='JointECE'), BATCH)
    found = evaluate(dict(type='PerStudentMetric', metric=dict(type='JointECE')), batch)
    assert found['student0/confidence/ECE'] == pytest.approx(plain['confidence/ECE'])


def test_settings_that_cannot_be(tmp_path):
    with pytest.raises(ValueError, match="norm is 'bbox', 'torso' or 'head'; got 'foot'"):
        METRICS.build(dict(type='JointECE', norm='foot'))
    with pytest.raises(ValueError, match='bins is a number of bins'):
        METRICS.build(dict(type='JointECE', bins=0))
    path = tmp_path / 'other.json'
    path.write_text('{}')
    with pytest.raises(FileError, match='other.json.*mmpose-al confidence'):
        METRICS.build(dict(type='JointECE', confidence=str(path)))
    with pytest.raises(ValueError, match='the data set has no joint'):
        evaluate(dict(type='JointECE', norm='torso', torso=('a', 'b')), BATCH)
