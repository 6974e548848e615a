"""The pool's file, and what is held out of it."""

import numpy as np
import pytest

from mmpose_al.datasets.format import FormatError, load_multiview
from mmpose_al.fileio import write_json
from mmpose_al.projects.pool_file import held_out_before, hold_out, pool_content
from mmpose_al.projects.skeleton import make_skeleton
from mmpose_al.projects.table import Camera, Person, Shot, Table

SKELETON = make_skeleton(['nose', 'left_ear', 'right_ear'], links=[('nose', 'left_ear')])
POINTS = np.array([[10.1, 20 / 3, 2], [30, 40, 1], [7, 7, 0]])


def shot(name, sequence=None, index=0, labeled=True, camera=None):
    person = Person(POINTS if labeled else None, [0, 0, 100.0, 60.0])
    return Shot(name, (100, 60), sequence, index, index / 10, camera, [person])


def test_the_file_is_one_of_the_multi_view_format(tmp_path):
    entry = dict(
        name='c', size=(100, 60), K=np.diag([90.0, 90, 1]), dist=[], R=np.eye(3), t=[0, 0, 1e3]
    )
    camera = Camera.of(entry)
    shots = [shot('b.png', 'v', 7, camera=camera), shot('a.png', 'v', 3, False, camera)]
    shots.append(shot('x.png'))
    table = Table('rig', SKELETON.joints, shots=shots, cameras=[camera], notes=dict(category='m'))
    content = pool_content(table, shots, SKELETON, 'pool of x')
    path = str(tmp_path / 'pool.json')
    write_json(path, content)
    data = load_multiview(path, 3)
    assert [f['index'] for f in data['frames']] == [3, 7]
    assert [i.get('frame_id') for i in data['images']] == [2, 1, None]
    assert data['categories'][0]['skeleton'] == [[1, 2]] and data['categories'][0]['name'] == 'm'
    first, second, _ = data['annotations']
    assert first['keypoints'] == [10.1, 20 / 3, 2, 30, 40, 1, 0, 0, 0]
    assert first['num_keypoints'] == 2 and second['num_keypoints'] == 0
    assert 'keypoints' not in second and first['area'] == 6000


def test_what_breaks_the_format_is_refused():
    shots = [shot('b.png', 'v', 7), shot('a.png', 'v', 7)]
    shots[0] = shots[0]._replace(people=[Person(POINTS, [200, 0, 5, 5])])
    with pytest.raises(FormatError, match='no area'):
        pool_content(Table('x', SKELETON.joints, shots=shots), shots, SKELETON, 'x')


def test_whole_recordings_are_held_out_where_there_are_several():
    shots = [shot(f'{v}/{i}.png', v, i) for v in 'abcdefgh' for i in range(5)]
    held = hold_out(shots, 0.2)
    assert len(held) == 10 and len({name[0] for name in held}) == 2
    assert held == hold_out(list(reversed(shots)), 0.2)


def test_of_one_recording_the_last_frames_are():
    shots = [shot(f'{i}.png', 'v', i) for i in range(20)]
    assert hold_out(shots, 0.1) == {'18.png', '19.png'}
    views = [shot(f'{c}{i}.png', 'v', i) for i in range(10) for c in 'xy']
    assert hold_out(views, 0.1) == {'x9.png', 'y9.png'}


def test_single_images_are_held_out_by_their_names():
    shots = [shot(f'{i}.png') for i in range(50)]
    held = hold_out(shots, 0.1)
    assert len(held) == 5 and held != {f'{i}.png' for i in range(45, 50)}
    assert hold_out(shots[::-1], 0.1) == held


@pytest.mark.parametrize('num, share', [(1, 0.5), (10, 0.0), (0, 0.1)])
def test_nothing_is_held_out_where_nothing_would_be_left(num, share):
    assert hold_out([shot(f'{i}.png') for i in range(num)], share) == set()


def test_unlabelled_images_do_not_validate():
    shots = [shot(f'{i}.png', labeled=i < 10) for i in range(100)]
    assert all(int(name[:-4]) < 10 for name in hold_out(shots, 0.2))


def test_an_earlier_choice_is_read(tmp_path):
    path = tmp_path / 'val.json'
    assert held_out_before(str(path)) is None
    write_json(str(path), dict(images=[dict(id=1, file_name='a.png')]))
    assert held_out_before(str(path)) == {'a.png'}
