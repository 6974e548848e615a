"""Boxes: the source's, the whole image, around labels, a file's."""

import json

import numpy as np
import pytest

from mmpose_al.datasets.format import FormatError
from mmpose_al.projects.boxes import default_way, fill_boxes, read_box_file
from mmpose_al.projects.table import Camera, Person, Shot, Table

POINTS = np.array([[10.0, 20, 2], [30, 40, 1], [0, 0, 0]])


def table():
    return Table(
        'videos',
        ['a', 'b', 'c'],
        shots=[
            Shot('v/0.jpg', (100, 60), 'v', 0, people=[Person(POINTS)]),
            Shot('v/1.jpg', (100, 60), 'v', 1, people=[Person(POINTS, [1.0, 2, 3, 4])]),
            Shot('v/2.jpg', (100, 60), 'v', 2),
        ],
    )


def camera(name):
    eye = np.eye(3)
    return Camera.of(dict(name=name, size=(64, 48), K=eye, dist=[], R=eye, t=np.zeros(3)))


def boxes_of(filled):
    return {shot.file_name: [p.bbox for p in shot.people] for shot in filled.shots}


def test_the_whole_image_but_where_the_source_has_a_box():
    whole = [0, 0, 100, 60]
    expected = {'v/0.jpg': [whole], 'v/1.jpg': [[1, 2, 3, 4]], 'v/2.jpg': [whole]}
    assert boxes_of(fill_boxes(table(), 'image')) == expected


def test_around_labels_nobody_is_left_without():
    filled = fill_boxes(table(), 'labels')
    # 20 x 20 px between the joints, 1.2 times as long
    assert boxes_of(filled) == {'v/0.jpg': [[8, 18, 24, 24]], 'v/1.jpg': [[1, 2, 3, 4]]}
    assert '1 images without labels' in filled.said[0]


def test_a_file_gives_boxes_to_people_without_labels(tmp_path):
    path = tmp_path / 'boxes.json'
    rows = [
        dict(camera='v', frame=2, bbox=[5, 5, 20, 20], score=0.3),
        dict(camera='v', frame=2, bbox=[6, 6, 20, 20], score=0.9),
    ]
    path.write_text(json.dumps(rows))
    filled = fill_boxes(table(), 'labels', read_box_file(str(path), table()))
    assert boxes_of(filled)['v/2.jpg'] == [[6, 6, 20, 20]]
    assert boxes_of(filled)['v/0.jpg'] == [[8, 18, 24, 24]]


def test_numbered_boxes_are_people_of_their_own(tmp_path):
    path = tmp_path / 'boxes.json'
    rows = [dict(camera='v', frame=2, bbox=[5, 5, 20, 20], person_id=number) for number in (0, 1)]
    path.write_text(json.dumps(rows))
    filled = fill_boxes(table(), 'image', read_box_file(str(path), table()))
    assert [p.number for p in filled.shots[2].people] == [0, 1]


def test_a_file_of_other_images_is_refused(tmp_path):
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps(dict(images=[], annotations=[])))
    with pytest.raises(FormatError, match='none of its images'):
        read_box_file(str(path), table())


def test_several_individuals_have_boxes_around_their_labels():
    assert default_way(table()) == 'image'
    several = table()
    several.shots[0] = several.shots[0]._replace(people=[Person(POINTS), Person(POINTS, None, 1)])
    assert default_way(several) == 'labels'


def test_nobody_with_a_box_is_an_error():
    empty = Table('images', shots=[Shot('a.png', (4, 4))])
    with pytest.raises(FormatError, match='--boxes image'):
        fill_boxes(empty, 'labels')


def test_bodies_of_a_rig_are_told_apart_or_refused(tmp_path):
    cameras = [camera('a'), camera('b')]
    shots = [Shot(f'walk/{c.name}/1.jpg', (64, 48), 'walk', 1, camera=c) for c in cameras]
    table = Table('rig', ['x'], shots=shots, cameras=cameras)
    rows = [dict(camera='a', frame=1, bbox=[x, 1, 20, 20], score=0.5) for x in (1, 30)]
    path = tmp_path / 'b.json'
    path.write_text(json.dumps(rows))
    with pytest.raises(FormatError, match='1 images show several bodies, first frame 1 of a'):
        read_box_file(str(path), table)
    assert len(read_box_file(str(path), table, detected=True).entries['a', 1]) == 2
    assert 'may be of different bodies' in table.said[-1]
    for number, row in enumerate(rows):
        row['person_id'] = number
    path.write_text(json.dumps(rows))
    found = fill_boxes(table, boxes=read_box_file(str(path), table))
    assert [person.number for person in found.shots[0].people] == [0, 1]
    del rows[0]['person_id']  # without cameras the best box is the one body
    path.write_text(json.dumps(rows))
    assert read_box_file(str(path), Table('videos', shots=shots)).crowded() == [('a', 1)]


def test_boxes_of_several_recordings_of_a_rig_are_kept_apart(tmp_path):
    shots = [
        Shot(f'{walk}/{view}/1.jpg', (64, 48), walk, 1, camera=camera(view))
        for walk in 'xy'
        for view in 'ab'
    ]
    table = Table('rig', ['j'], shots=shots, cameras=[camera('a'), camera('b')])
    names = [shot.file_name for shot in shots]
    coco = dict(
        images=[dict(id=n, file_name=name) for n, name in enumerate(names)],
        annotations=[dict(image_id=n, bbox=[n, 1, 20, 20], score=0.5) for n in range(4)],
    )
    path = tmp_path / 'b.json'
    path.write_text(json.dumps(coco))
    expected = {name: [[n, 1, 20, 20]] for n, name in enumerate(names)}
    assert boxes_of(fill_boxes(table, boxes=read_box_file(str(path), table))) == expected
    path.write_text(json.dumps([dict(camera='a', frame=1, bbox=[5, 1, 20, 20])]))
    with pytest.raises(FormatError, match='the views are x/a, x/b, y/a, y/b'):
        read_box_file(str(path), table)
    path.write_text(json.dumps([dict(camera='y/a', frame=1, bbox=[5, 1, 20, 20])]))
    assert list(read_box_file(str(path), table).entries) == [('y/a', 1)]
