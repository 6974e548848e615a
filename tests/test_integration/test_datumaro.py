"""The package Datumaro reads our archive for CVAT, and we read what it writes (tried: 1.13.12).

CVAT reads and writes COCO keypoints by a fork of it that is on no package index: there a person is
a skeleton, here points. Datumaro does not go with our NumPy, so it runs in an environment beside
this one:

    python -m venv /tmp/datumaro && /tmp/datumaro/bin/pip install datumaro
    DATUMARO_PYTHON=/tmp/datumaro/bin/python pytest tests/test_integration/test_datumaro.py
"""

import json
import os
import os.path as osp
import shutil
import subprocess
import zipfile

import numpy as np
import pytest

from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.formats.cvat import FILE
from mmpose_al.active_learning.query import load_query
from tests.test_active_learning.people import NAMES, ROUND, inside, labelled
from tests.test_cli.people import asked_experiment

PYTHON = os.environ.get('DATUMARO_PYTHON')
pytestmark = pytest.mark.skipif(PYTHON is None, reason='DATUMARO_PYTHON names no Python with it')
# Reads the folder, says what is in it, and writes it again.
SCRIPT = """
import json, sys
from datumaro import AnnotationType, Dataset, Points
found = Dataset.import_from(sys.argv[1], 'coco_person_keypoints')
categories = found.categories()
told = dict(joints=list(categories[AnnotationType.points].items[0].labels), persons={})
for item in found:
    for each in item.annotations:
        if each.type == AnnotationType.points:
            told['persons'][each.attributes['annotation_id']] = [
                list(map(float, each.points)), [v.value for v in each.visibility]]
found.export(sys.argv[2], 'coco_person_keypoints', save_media=False)
json.dump(told, open(sys.argv[3], 'w'))
"""


def test_both_ways(tmp_path):
    work, _ = asked_experiment(tmp_path)
    query = load_query(work, ROUND)
    with zipfile.ZipFile(osp.join(query.folder, FILE)) as archive:
        archive.extractall(str(tmp_path / 'given'))
    done = subprocess.run(
        [PYTHON, '-c', SCRIPT, 'given', 'written', 'told.json'],
        cwd=str(tmp_path),
        capture_output=True,
        text=True,
        env={key: value for key, value in os.environ.items() if key != 'PYTHONPATH'},
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads((tmp_path / 'told.json').read_text())
    assert told['joints'] == NAMES and len(told['persons']) == len(query.annotations)
    for number, (points, visible) in told['persons'].items():
        prediction = np.array(query.annotations[int(number)]['prediction'])
        there = prediction.any(1)
        places = np.reshape(points, (-1, 2))[there]
        np.testing.assert_allclose(places, prediction[there, :2] + 0.5, atol=0.01)
        assert [v > 0 for v in visible] == there.tolist()
    file = tmp_path / 'written' / 'annotations' / 'person_keypoints_default.json'
    written = json.loads(file.read_text())
    for annotation in written['annotations']:  # somebody moves each joint by 3 px to the right
        points = np.reshape(annotation['keypoints'], (-1, 3))
        annotation['keypoints'] = (points + [3, 0, 0] * (points[:, 2:] > 0)).ravel().tolist()
    file.write_text(json.dumps(written))
    shutil.make_archive(str(tmp_path / 'back'), 'zip', str(tmp_path / 'written'))
    taken = ingest(work, str(tmp_path / 'back.zip'))
    assert taken.format == 'cvat' and taken.unchanged == []
    labels, _ = labelled(osp.join(work, 'labels.json'))
    assert sorted(labels) == taken.annotations and len(labels) == len(query.annotations)
    for number, points in labels.items():
        prediction = np.array(query.annotations[number]['prediction'])
        seen = (points[:, 2] > 0) & inside(prediction[:, :2])
        moved = points[seen, :2] - prediction[seen, :2]
        np.testing.assert_allclose(moved, np.tile([3.0, 0.0], (len(moved), 1)), atol=0.02)
