"""Clicks that do not agree with those of other views."""

import json

import numpy as np

from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.answers.consistency import consistency_warnings
from mmpose_al.active_learning.paths import Paths
from mmpose_al.active_learning.pool import load_pool
from tests.test_active_learning.people import ROUND, answer, read, write


def test_no_warning_without_cameras_or_a_second_view(answering):
    annotator, _ = answering
    pool = load_pool(annotator.pool.path, 'frames')
    import numpy as np

    clicks = np.full((5, 3), 2.0)
    assert consistency_warnings(pool, {0: clicks}, 20.0) == []
    for image in pool.data['images']:
        image['camera_id'] = None
    assert consistency_warnings(pool, {0: clicks, 1: clicks}, 20.0) == []


def test_outlier_clicks_are_warned_of(asked, tmp_path):
    annotator, pixels = asked
    given = {i: pixels[i].copy() for i in (80, 81, 82, 83)}
    given[82][3] += [-70, 0]
    given[80][4] = given[81][4] = np.nan
    given[82][4] = pixels[82][4] + [0, -90]  # two views that do not meet
    data = answer(read(annotator.folder, 'coco'), 'coco', given)
    done = ingest(annotator.folder, write(data, tmp_path / 'a.json', 'coco'))
    assert done.written and len(done.warnings) == 2
    assert 'left_foot in cam2 (annotation 82) is 70 px' in done.warnings[0]
    assert done.warnings[0].startswith('frame 20, person 0')
    assert 'right_foot do not meet: cam2 (annotation 82), cam3 (annotation 83)' in done.warnings[1]
    (event,) = json.load(open(Paths(annotator.folder).answers(ROUND)))['events']
    assert event['warnings'] == done.warnings
