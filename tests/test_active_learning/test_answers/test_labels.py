"""The labels file is a function of the answers."""

import json
import os

from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.answers.labels import update_labels
from mmpose_al.active_learning.paths import Paths
from tests.test_active_learning.people import (
    ROUND,
    answer,
    opened,
    read,
    refused,
    write,
    write_pool,
)


def test_labels_that_training_could_not_read_are_refused(tmp_path):
    """Of a query that was asked when boxes outside the image still were."""
    path, pixels, _ = write_pool(tmp_path / 'data', 2)
    with open(path) as file:
        data = json.load(file)
    data['annotations'][1].update(bbox=[700.0, 20.0, 30.0, 30.0], keypoints=[])
    with open(path, 'w') as file:
        json.dump(data, file)
    annotator = opened(tmp_path / 'work', path)
    assert data['annotations'][1]['id'] == 1 and 1 not in annotator.pool.persons
    annotator.pool = annotator.pool._replace(persons=annotator.pool.persons | {1})
    annotator.ask(ROUND, [0], [1.0])
    given = answer(read(annotator.folder, 'coco'), 'coco', {0: pixels[0], 1: [[9.0, 9.0]] * 5})
    given['annotations'][1]['attributes']['reviewed'] = True
    path = write(given, tmp_path / 'a.json', 'coco')
    refused(
        (annotator, None),
        path,
        'annotation 1 of the pool, field "bbox"',
        '[700.0, 20.0, 30.0, 30.0] has no area inside the 640x480 image',
        'Leave this person out',
    )
    given['annotations'].pop()
    assert ingest(annotator.folder, write(given, tmp_path / 'b.json', 'coco')).written


def test_labels_are_a_function_of_the_answers(asked, tmp_path):
    annotator, pixels = asked
    data = answer(read(annotator.folder, 'coco'), 'coco', {80: pixels[80]})
    ingest(annotator.folder, write(data, tmp_path / 'a.json', 'coco'))
    path = Paths(annotator.folder).labels
    before = open(path, 'rb').read()
    stamp = os.stat(path).st_mtime_ns
    update_labels(annotator.folder, annotator.pool)
    assert os.stat(path).st_mtime_ns == stamp  # not even written again
    os.remove(path)
    annotator.answers(ROUND)  # an ingest that was killed between the two files
    assert open(path, 'rb').read() == before


def test_labels_hold_the_answers_and_zeros_as_plain_json(asked, tmp_path):
    """What most persons have becomes text once; the file is what ``json`` writes of it all."""
    annotator, pixels = asked
    data = answer(read(annotator.folder, 'coco'), 'coco', {80: pixels[80]})
    ingest(annotator.folder, write(data, tmp_path / 'a.json', 'coco'))
    with open(Paths(annotator.folder).labels) as file:
        text = file.read()
    labels = json.loads(text)
    assert text == json.dumps(labels) + '\n'
    num = len(labels['categories'][0]['keypoints'])
    for annotation in labels['annotations']:
        answered = annotation['id'] == 80
        assert annotation['num_keypoints'] == (num if answered else 0)
        assert len(annotation['keypoints']) == 3 * num
        assert any(annotation['keypoints']) == answered
        assert answered or annotation['keypoints'] == [0] * (3 * num)


def test_damaged_labels_are_made_anew_as_a_training_begins(asked, tmp_path):
    annotator, pixels = asked
    annotator.restore()  # nothing was answered yet
    path = Paths(annotator.folder).labels
    assert not os.path.exists(path)
    data = answer(read(annotator.folder, 'coco'), 'coco', {80: pixels[80]})
    ingest(annotator.folder, write(data, tmp_path / 'a.json', 'coco'))
    with open(path, 'rb') as file:
        before = file.read()
    for harm in (before.replace(b'80', b'81'), before[:99], None):
        if harm is None:
            os.remove(path)
        else:
            with open(path, 'wb') as file:
                file.write(harm)
        annotator.restore()
        with open(path, 'rb') as file:
            assert file.read() == before
    stamp = os.stat(path).st_mtime_ns
    annotator.restore()
    assert os.stat(path).st_mtime_ns == stamp
