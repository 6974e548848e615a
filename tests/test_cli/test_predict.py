"""``mmpose-al predict`` from the command line, with a tiny network."""

import csv
import json

import numpy as np
import pytest

from mmpose_al.fileio import read_json
from tests.commands import command
from tests.test_prediction.models import trained, write_images, write_video


@pytest.fixture
def model(tmp_path):
    return trained(tmp_path / 'run', students=True)


def test_videos_and_images_become_files(tmp_path, model, capsys):
    write_video(tmp_path / 'in' / 'walk.mp4', 10)
    write_images(tmp_path / 'in' / 'mice', 3)
    out = tmp_path / 'out'
    command('predict', model, tmp_path / 'in', '--out', out)
    said = capsys.readouterr().out
    assert 'walk: 10 frames predicted' in said and 'mice.csv' in said
    for name, count in (('walk', 10), ('mice', 3)):
        data = read_json(str(out / f'{name}.coco.json'))
        with open(out / f'{name}.csv', newline='') as file:
            rows = list(csv.reader(file))
        assert len(data['annotations']) == count == len(rows) - 3
        table = np.array([row[1:] for row in rows[3:]], float).reshape(count, 4, 3)
        for row, annotation in zip(table, data['annotations']):
            points = np.reshape(annotation['keypoints'], (4, 3))
            np.testing.assert_array_equal(row[:, :2], points[:, :2])
            np.testing.assert_array_equal(row[:, 2], annotation['keypoint_scores'])


def test_the_same_command_writes_the_same_bytes(tmp_path, model):
    video = write_video(tmp_path / 'walk.mp4', 5)
    contents = []
    for out in ('a', 'a', 'b'):
        command('predict', model, video, '--out', tmp_path / out, '--network', '1')
        contents.append([p.read_bytes() for p in sorted((tmp_path / out).glob('walk.*'))])
    assert contents[0] == contents[1] == contents[2] and len(contents[0]) == 2


def test_boxes_of_a_detector_or_a_file(tmp_path, model):
    video = write_video(tmp_path / 'walk.mp4', 2)
    boxes = np.array([[2, 3, 30, 40, 0.9], [20, 10, 30, 30, 0.8]])
    words = ('--detector', 'd.py', 'd.pth', '--persons', '2')
    command('predict', model, video, '--out', tmp_path / 'd', *words, detector=lambda image: boxes)
    rows = [
        dict(camera='walk', frame=frame, bbox=box[:4].tolist(), score=box[4])
        for frame in (0, 1)
        for box in boxes
    ]
    (tmp_path / 'boxes.json').write_text(json.dumps(rows))
    words = ('--boxes', tmp_path / 'boxes.json', '--persons', '2')
    command('predict', model, video, '--out', tmp_path / 'f', *words)
    found = [read_json(str(tmp_path / each / 'walk.coco.json'))['annotations'] for each in 'df']
    assert len(found[0]) == 4 and found[0] == found[1]
    assert found[0][0]['keypoints'] != found[0][1]['keypoints']


def test_what_is_wrong_is_said_before_anything_is_written(tmp_path, model):
    with pytest.raises(SystemExit, match='no such image, video or folder'):
        command('predict', model, tmp_path / 'nothing.mp4', '--out', tmp_path / 'out')
    with pytest.raises(SystemExit, match='neither a project nor the work directory'):
        command('predict', tmp_path, write_images(tmp_path / 'i'), '--out', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()
