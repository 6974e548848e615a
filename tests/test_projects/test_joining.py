"""Sources as one table: what fits together, and what is put right."""

import numpy as np
import pytest

from mmpose_al.converters.sources import Source
from mmpose_al.datasets.format import FormatError
from mmpose_al.projects.joining import join
from mmpose_al.projects.table import Camera, Clip, Person, Shot, Table
from mmpose_al.projects.table_checks import check_table


def labeled(name='a.png', xy=(3.0, 4.0)):
    return Shot(name, (10, 8), people=[Person(np.array([[*xy, 2.0], [0, 0, 0]]))])


def camera(name, depth=1000.0):
    eye = np.eye(3)
    return Camera.of(dict(name=name, size=(10, 8), K=eye, dist=[], R=eye, t=[0, 0, depth]))


def test_the_source_with_labels_leads():
    images = Table('images', shots=[Shot('x.png', (4, 4))], folders={'x': '/x'})
    labels = Table('coco', ['a', 'b'], shots=[labeled()], folders={'y': '/y'}, said=['a line'])
    whole = join([images, labels])
    assert whole.kind == 'coco' and whole.joints == ['a', 'b'] and whole.labeled == 1
    assert len(whole.shots) == 2 and set(whole.folders) == {'x', 'y'} and whole.said == ['a line']


def test_a_folder_of_which_another_source_labels_a_part_is_taken_once():
    bare = [Shot(f'x/{name}.png', (10, 8)) for name in 'abc']
    images = Table('images', shots=bare, folders={'x': '/x'})
    labels = Table('coco', ['a', 'b'], shots=[labeled('x/b.png'), bare[2]], folders={'x': '/x'})
    for tables in ([images, labels], [labels, images]):
        whole = check_table(join(tables))
        assert sorted(shot.file_name for shot in whole.shots) == ['x/a.png', 'x/b.png', 'x/c.png']
        assert whole.labeled == 1
    with pytest.raises(FormatError, match='1 images are there twice, first x/b.png'):
        check_table(join([labels, labels]))


def test_what_does_not_fit_is_refused():
    one = Table('coco', ['a', 'b'], shots=[labeled()], folders={'x': '/x'})
    with pytest.raises(FormatError, match='joints of two sources differ'):
        join([one, Table('coco', ['a', 'c'])])
    with pytest.raises(FormatError, match="is called 'x', too"):
        others = [Table('images', folders={'x': f'/{name}/of/x'}) for name in 'ab']
        join([one, *others])
    with pytest.raises(FormatError, match='individuals of two sources differ'):
        join([Table(str(n), ['a'], individuals=[f'm{n}'], shots=[labeled()]) for n in range(2)])
    with pytest.raises(FormatError, match='rig is a project of its own'):
        seen = Shot('r/1.png', (10, 8), 'r', camera=camera('c'))
        join([one, Table('rig', shots=[seen], cameras=[camera('c')])])


def test_labels_of_a_rig_and_a_recording_of_it_are_one_project():
    a, b = camera('a'), camera('b')
    given = [labeled('old/a.png')._replace(sequence='walk', index=3, camera=a)]
    labels = Table('coco', ['x', 'y'], shots=given, cameras=[a, b])
    bare = [
        Shot(f'walk/{c.name}/{n}.png', (10, 8), 'walk', n, camera=c) for c in (a, b) for n in (3, 4)
    ]
    whole = join([Table('rig', shots=bare, cameras=[a, b, camera('a', 2e3)]), labels])
    assert whole.cameras == [a, b, camera('a', 2e3)] and whole.views == ['a', 'b']
    names = sorted(shot.file_name for shot in whole.shots)
    assert names == ['old/a.png', 'walk/a/4.png', 'walk/b/3.png', 'walk/b/4.png']
    assert whole.said[-1].startswith('views that are in two sources, with labels and without: 1;')
    other = [bare[0]._replace(camera=camera('a', 2e3))]  # calibrated anew, and the same view
    assert len(join([Table('rig', shots=other, cameras=[other[0].camera]), labels]).shots) == 1


def test_two_images_of_a_camera_at_one_moment_are_refused():
    """Of two sources, as of a recording and its copy; within one a camera may move."""
    tables = []
    for name, depth in (('x', 1e3), ('y', 2e3)):
        seen = Shot(f'{name}.png', (10, 8), 'walk', 3, camera=camera('a', depth))
        tables.append(Table(name, shots=[seen], cameras=[seen.camera]))
    with pytest.raises(FormatError, match="x.png and y.png are both frame 3 of 'walk', camera a"):
        join(tables)
    moving = Table('coco', shots=tables[0].shots + tables[1].shots, cameras=[camera('a')])
    other = tables[0].shots[0]._replace(file_name='z.png', sequence='run')
    assert len(join([moving, Table('rig', shots=[other], cameras=[camera('a')])]).shots) == 3


def test_folders_of_one_name_are_called_after_those_above():
    one = Table('coco', ['a', 'b'], shots=[labeled('x/1.png')], folders={'x': '/one/x'})
    other = Table('images', shots=[Shot('x/1.png', (10, 8))], folders={'x': '/other/x'})
    whole = join([one, other])
    assert whole.folders == {'x': '/one/x', 'other/x': '/other/x'}
    assert [shot.file_name for shot in whole.shots] == ['x/1.png', 'other/x/1.png']


def test_a_folder_is_no_frames_of_a_video():
    """They would lie in one folder of the project."""
    source = Source('a', 'x/walk.mp4', None, 9, (10, 8), 10.0)
    clips = Table('videos', clips=[Clip(source, [0], 'walk')])
    folder = Table('images', folders={'walk': '/a/walk'})
    for tables in ([clips, folder], [folder, clips], [clips, clips]):
        with pytest.raises(FormatError, match="two sources are both called 'walk'"):
            join(tables)


def test_joints_in_another_order_go_by_name():
    one = Table('coco', ['a', 'b'], shots=[labeled('1.png')])
    other = Table('yolo', ['b', 'a'], shots=[labeled('2.png')])
    whole = join([one, other])
    first, second = (shot.people[0].keypoints.tolist() for shot in whole.shots)
    assert second == first[::-1] and whole.joints == ['a', 'b']
    assert whole.said == ['yolo: its joints are in another order, and go by their names']
