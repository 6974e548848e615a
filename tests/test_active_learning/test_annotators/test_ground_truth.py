"""The annotator of benchmarks answers at once with what the pool's file holds."""

import json

from mmpose_al.active_learning.annotators import GroundTruthAnnotator
from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.registry import ANNOTATORS


def test_every_query_is_answered_at_once(pool, tmp_path):
    path, _, _ = pool
    annotator = ANNOTATORS.build(dict(type='GroundTruthAnnotator'))
    assert isinstance(annotator, GroundTruthAnnotator)
    annotator.open(str(tmp_path), load_pool(path, 'frames'))
    assert annotator.labels_file == path
    annotator.ask(0, [20, 0], [1.0, 0.5])
    annotator.ask(1, [10], [1.0])
    assert annotator.answers(0) == [20, 0] and annotator.answers(1) == [10]
    assert annotator.cost() is None  # counted from the file


def test_only_units_with_labels_can_be_asked_for(pool):
    path, _, _ = pool
    assert load_pool(path, 'frames', GroundTruthAnnotator.labelable).units.tolist() == [0, 10, 20]
    with open(path) as file:
        data = json.load(file)
    for annotation in data['annotations'][:4]:  # frame 0
        annotation.update(keypoints=[0] * 15, num_keypoints=0)
    with open(path, 'w') as file:
        json.dump(data, file)
    assert load_pool(path, 'frames', GroundTruthAnnotator.labelable).units.tolist() == [10, 20]
    assert load_pool(path, 'frames').units.tolist() == [0, 10, 20]
