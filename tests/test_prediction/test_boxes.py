"""Boxes of a frame: the whole of it, those of a file, those of a detector."""

import json

import numpy as np
import pytest

from mmpose_al.datasets.format import FormatError
from mmpose_al.prediction.boxes import BoxesOfFile, DetectedBoxes, WholeImage
from mmpose_al.prediction.inputs import Frame, Recording

RECORDING = Recording('cam', 'cam', ['cam/a.png', 'cam/b.png'], ['a.png', 'b.png'], 2)


def frame(number=0):
    return Frame(number, np.zeros((48, 64, 3), np.uint8))


def test_the_whole_image():
    [box] = WholeImage()(RECORDING, frame())
    assert box.xywh == [0, 0, 64, 48] and box.person == 0


def write(path, content):
    path.write_text(json.dumps(content))
    return str(path)


def test_a_list_of_boxes_by_score(tmp_path):
    rows = [
        dict(camera='cam', frame=0, bbox=[1, 2, 10, 10], score=0.3),
        dict(camera='cam', frame=0, bbox=[5, 6, 20, 20], score=0.8),
        dict(camera='cam', frame=0, bbox=[100, 100, 5, 5], score=0.9),  # outside
        dict(camera='cam', frame=0, bbox=[7, 6, 20, 20], score=0.5),
    ]
    boxes = BoxesOfFile(write(tmp_path / 'b.json', rows), [RECORDING], persons=2)
    assert [(b.person, b.xywh[0], b.score) for b in boxes(RECORDING, frame())] == [
        (0, 5, 0.8),
        (1, 7, 0.5),
    ]
    assert boxes(RECORDING, frame(1)) == []


def test_persons_keep_their_number(tmp_path):
    coco = dict(
        images=[dict(id=4, file_name='a.png'), dict(id=5, file_name='b.png')],
        annotations=[
            dict(image_id=4, bbox=[1, 1, 9, 9], person_id=30),
            dict(image_id=4, bbox=[2, 2, 9, 9], person_id=10),
            dict(image_id=5, bbox=[3, 3, 9, 9], person_id=30),
        ],
    )
    boxes = BoxesOfFile(write(tmp_path / 'b.json', coco), [RECORDING])
    assert [(b.person, b.xywh[0]) for b in boxes(RECORDING, frame())] == [(0, 2), (1, 1)]
    assert [(b.person, b.xywh[0]) for b in boxes(RECORDING, frame(1))] == [(1, 3)]


def test_images_of_one_name_are_told_apart_by_their_recordings(tmp_path):
    """As two folders with img0.png each have them."""
    other = RECORDING._replace(name='side', path='side')
    entry = dict(image_id=4, bbox=[1, 1, 9, 9])
    coco = dict(images=[dict(id=4, file_name='a.png')], annotations=[entry])
    with pytest.raises(FormatError, match="image_id.*'a.png'.* several views.* as 'side/a.png'"):
        BoxesOfFile(write(tmp_path / 'b.json', coco), [RECORDING, other])
    coco['images'][0]['file_name'] = 'side/a.png'
    boxes = BoxesOfFile(write(tmp_path / 'b.json', coco), [RECORDING, other])
    assert len(boxes(other, frame())) == 1 and boxes(RECORDING, frame()) == []
    assert len(BoxesOfFile(write(tmp_path / 'b.json', coco), [other])(other, frame())) == 1


def test_frames_without_boxes_and_boxes_without_frames_are_told(tmp_path):
    rows = [dict(camera='cam', frame=n, bbox=[1, 2, 10, 10], person_id=3) for n in (0, 7)]
    path = write(tmp_path / 'b.json', rows)
    bare, beyond, who = BoxesOfFile(path, [RECORDING]).said
    assert '1 of 2 frames have no box, such as frame 1 of cam' in bare
    assert 'boxes of 1 frames that there are not, such as frame 7 of cam' in beyond
    assert who == 'individual1 is person_id 3'
    path = write(tmp_path / 'b.json', rows[1:])
    with pytest.raises(FormatError, match='none of its 1 boxes .* such as a.png, frame 0 of cam'):
        BoxesOfFile(path, [RECORDING])


def test_boxes_of_other_images_are_refused(tmp_path):
    coco = dict(
        images=[dict(id=4, file_name='z.png')], annotations=[dict(image_id=4, bbox=[1] * 4)]
    )
    with pytest.raises(FormatError, match='none of its . boxes is of an image'):
        BoxesOfFile(write(tmp_path / 'b.json', coco), [RECORDING])


def test_a_detectors_boxes_are_filtered_and_clipped():
    found = [[50, 40, 30, 30, 0.6], [1, 1, 3, 30, 0.9], [0, 0, 40, 40, 0.7], [0, 0, 40, 40, 0.2]]
    boxes = DetectedBoxes(lambda image: np.array(found), 'd', 2, score_thr=0.5, min_size=5)
    assert [(b.person, b.xywh, b.score) for b in boxes(RECORDING, frame())] == [
        (0, [0, 0, 40, 40], 0.7),
        (1, [50, 40, 13, 7], 0.6),
    ]


def test_bodies_of_a_rig_are_told_apart_or_refused(tmp_path):
    rows = [dict(camera='cam', frame=1, bbox=[x, 2, 10, 10], score=0.3) for x in (1, 9)]
    with pytest.raises(FormatError, match='1 images have several .* frame 1 of cam.*--persons 1'):
        BoxesOfFile(write(tmp_path / 'b.json', rows), [RECORDING], alone=True)
    for number, row in enumerate(rows):
        row['person_id'] = 7 - number
    found = BoxesOfFile(write(tmp_path / 'c.json', rows), [RECORDING], alone=True)
    assert [(b.person, b.xywh[0]) for b in found(RECORDING, frame(1))] == [(0, 9), (1, 1)]
    assert found.numbers == {6: 0, 7: 1}


def test_a_detector_that_finds_several_bodies_of_a_rig_is_refused():
    found = np.array([[2, 3, 30, 40, 0.9], [20, 10, 60, 40, 0.8]])
    detector = DetectedBoxes(lambda image: found, 'd', alone=True)
    with pytest.raises(FormatError, match='frame 3 of cam: the detector finds several bodies'):
        detector(RECORDING, frame(3))
    alone = DetectedBoxes(lambda image: found[:1], 'd', alone=True)
    assert len(alone(RECORDING, frame())) == 1
    assert len(DetectedBoxes(lambda image: found, 'd')(RECORDING, frame())) == 1
