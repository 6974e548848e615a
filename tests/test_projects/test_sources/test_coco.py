"""COCO files, and those of the multi-view format."""

import json

import numpy as np
import pytest

from mmpose_al.datasets.format import FORMAT, FormatError
from mmpose_al.projects.sources import Options, read_sources
from tests.test_projects.files import JOINTS, coco, picture, real


def test_points_boxes_and_limbs_come_along(tmp_path):
    table = read_sources([str(coco(tmp_path / 'train.json'))], Options())
    assert table.joints == JOINTS and table.links == [('snout', 'leftear'), ('snout', 'rightear')]
    assert table.labeled == 2 and len(table.shots) == 3
    person = table.shots[0].people[0]
    np.testing.assert_array_equal(
        person.keypoints, [[10.123456789, 20 / 3, 2], [12.5, 21.5, 1], [0, 0, 0]]
    )
    assert person.bbox == [5.5, 4.25, 30.0, 40.0] and person.extra['area'] == 1200
    assert table.folders == {'images': str(tmp_path / 'images')}


def test_a_file_of_boxes_alone_has_no_joints(tmp_path):
    table = read_sources([str(coco(tmp_path / 'train.json', keypoints=False))], Options())
    content = json.loads((tmp_path / 'train.json').read_text())
    del content['categories'][0]['keypoints']
    (tmp_path / 'train.json').write_text(json.dumps(content))
    table = read_sources([str(tmp_path / 'train.json')], Options())
    assert table.joints is None and table.labeled == 0 and len(table.shots) == 3


@pytest.mark.parametrize('folder', ['images', '.', 'train', '../images'])
def test_images_are_found_beside_the_file(tmp_path, folder):
    home = tmp_path / 'annotations'
    home.mkdir()
    coco(home / 'train.json', images=folder)
    assert len(read_sources([str(home / 'train.json')], Options()).shots) == 3


def test_images_elsewhere_need_the_option(tmp_path):
    (tmp_path / 'a').mkdir()
    path = str(coco(tmp_path / 'a' / 'x.json', images='deep/er'))
    with pytest.raises(FormatError, match='--images FOLDER'):
        read_sources([path], Options())
    table = read_sources([path], Options(images=str(tmp_path / 'a' / 'deep' / 'er')))
    assert len(table.shots) == 3


def test_missing_images_are_an_error_or_left_out(tmp_path):
    path = str(coco(tmp_path / 'x.json'))
    (tmp_path / 'images' / '1.png').unlink()
    with pytest.raises(FormatError, match='1 of 3 labelled images are not there: 1.png'):
        read_sources([path], Options())
    assert len(read_sources([path], Options(missing='skip')).shots) == 2


def test_an_image_of_another_size_than_declared_is_refused(tmp_path):
    file = coco(tmp_path / 'train.json')
    picture(tmp_path / 'images' / '1.png', size=(32, 24))
    with pytest.raises(FormatError, match='1.png: is 32x24 .*train.json declares 64x48'):
        read_sources([str(file)], Options())


def test_half_a_file_is_told_as_what_it_is(tmp_path):
    file = coco(tmp_path / 'train.json')
    file.write_text(file.read_text()[:100])
    with pytest.raises(ValueError, match='train.json.*JSON'):
        read_sources([str(file)], Options())


def test_files_of_other_joints_are_refused(tmp_path):
    first, second = (str(coco(tmp_path / name)) for name in ('a.json', 'b.json'))
    with open(second) as file:
        text = file.read().replace('snout', 'nose')
    with open(second, 'w') as file:
        file.write(text)
    with pytest.raises(FormatError, match='joints of two sources differ: .*snout.*b.json, .*nose'):
        read_sources([first, second], Options())


def test_joints_of_a_second_file_go_by_name(tmp_path):
    first, second = (coco(tmp_path / f'{name}.json', images=name) for name in 'ab')
    content = json.loads(second.read_text())
    content['categories'][0].update(keypoints=JOINTS[::-1], skeleton=[[3, 2], [3, 1]])
    second.write_text(json.dumps(content))
    table = read_sources([str(first), str(second)], Options())
    assert table.joints == JOINTS and table.links == [('snout', 'leftear'), ('snout', 'rightear')]
    one, other = (table.shots[place].people[0].keypoints for place in (0, 3))
    np.testing.assert_array_equal(one, other[::-1])
    assert any('b.json: its joints are in another order' in line for line in table.said)


def test_a_file_of_boxes_may_come_first(tmp_path):
    boxes, labels = (coco(tmp_path / f'{name}.json', images=name) for name in 'ab')
    content = json.loads(boxes.read_text())
    del content['categories'][0]['keypoints']
    for annotation in content['annotations']:
        annotation.pop('keypoints', None)
    boxes.write_text(json.dumps(content))
    table = read_sources([str(boxes), str(labels)], Options())
    assert table.joints == JOINTS and table.labeled == 2 and len(table.shots) == 6


def test_categories_of_one_file_go_by_the_names_of_their_joints(tmp_path):
    file = coco(tmp_path / 'a.json', images='a')
    content = json.loads(file.read_text())
    turned = dict(content['categories'][0], id=8, keypoints=JOINTS[::-1])
    content['categories'].append(turned)
    content['annotations'][1].update(category_id=8)
    file.write_text(json.dumps(content))
    first, second = (
        shot.people[0].keypoints for shot in read_sources([str(file)], Options()).shots[:2]
    )
    np.testing.assert_array_equal(first, second[::-1])
    turned['keypoints'] = ['x', 'y', 'z']
    file.write_text(json.dumps(content))
    with pytest.raises(FormatError, match="a.json: its categories have other joints: 'mouse' .*x"):
        read_sources([str(file)], Options())


def test_two_people_may_label_parts_of_one_list_of_images(tmp_path):
    """As tools export a task; an image that both label is refused."""
    files = [coco(tmp_path / name, images='images') for name in ('a.json', 'b.json')]
    whole = [json.loads(file.read_text()) for file in files]
    for number, content in enumerate(whole):
        content['annotations'] = [content['annotations'][number]]
        files[number].write_text(json.dumps(content))
    paths = [str(file) for file in files]
    table = read_sources(paths, Options())
    assert [shot.file_name for shot in table.shots if shot.is_labeled] == [
        'images/0.png',
        'images/1.png',
    ]
    assert sorted(shot.file_name for shot in table.shots) == [f'images/{n}.png' for n in range(3)]
    files[1].write_text(json.dumps(whole[0]))
    with pytest.raises(FormatError, match='b.json: label 1 images twice, first images/0.png'):
        read_sources(paths, Options())
    whole[0]['annotations'][0].update(keypoints=[0] * 9, num_keypoints=0)  # a box alone
    files[1].write_text(json.dumps(whole[0]))
    with pytest.raises(FormatError, match='1 images are there twice, first images/0.png'):
        read_sources(paths, Options())


def test_folders_of_one_name_are_called_after_those_above(tmp_path):
    files = [str(coco(tmp_path / name / 'x.json')) for name in 'abb']
    table = read_sources(files[:2], Options())
    assert table.folders == {
        'images': str(tmp_path / 'a' / 'images'),
        'b/images': str(tmp_path / 'b' / 'images'),
    }
    assert [s.file_name for s in table.shots[2:4]] == ['images/2.png', 'b/images/0.png']
    deeper = [str(coco(tmp_path / 'c' / 'b' / 'x.json'))]
    with pytest.raises(FormatError, match="another folder of images is called 'images', too"):
        read_sources(files[:2] + deeper, Options())


def camera(number, name, depth):
    eye, K = np.eye(3).tolist(), np.diag([60.0, 60, 1]).tolist()
    return dict(id=number, name=name, width=64, height=48, K=K, dist=[], R=eye, t=[0.0, 0.0, depth])


def multiview(path, images, cameras, frames):
    """A file of the multi-view format without labels: (file, frame, camera) of each image."""
    entries = []
    for number, (name, frame, of) in enumerate(images, 1):
        picture(path.parent / 'images' / name)
        size = dict(width=64, height=48)
        entries.append(dict(id=number, file_name=name, frame_id=frame, camera_id=of, **size))
    content = dict(
        info=dict(format=FORMAT, version=1, world_unit='mm'),
        categories=[dict(id=1, name='person', keypoints=JOINTS)],
        cameras=cameras,
        frames=[dict(id=n, sequence=s, index=i) for n, s, i in frames],
        images=entries,
        annotations=[],
        poses_3d=[],
    )
    path.write_text(json.dumps(content))
    return str(path)


def test_a_camera_that_was_calibrated_anew_keeps_both_calibrations(tmp_path):
    """Of one file and of several: each image has the one of its recording."""
    cameras = [camera(1, 'a', 1000.0), camera(2, 'b', 2000.0), camera(3, 'a', 3000.0)]
    images = [('1.png', 1, 1), ('2.png', 1, 2), ('3.png', 2, 3), ('4.png', 2, 2)]
    path = multiview(tmp_path / 'one.json', images, cameras, [(1, 'x', 0), (2, 'y', 0)])
    table = read_sources([path], Options())
    depths = {shot.file_name: shot.camera.t[2] for shot in table.shots}
    assert depths == dict(zip([f'images/{n}.png' for n in (1, 2, 3, 4)], (1e3, 2e3, 3e3, 2e3)))
    assert table.views == ['a', 'b'] and len(table.cameras) == 3
    files = [
        multiview(tmp_path / 'x.json', images[:2], cameras[:2], [(1, 'x', 0)]),
        multiview(tmp_path / 'y.json', images[2:], cameras[1:], [(2, 'y', 0)]),
    ]
    assert {s.file_name: s.camera.t[2] for s in read_sources(files, Options()).shots} == depths


def sequences(files):
    return {s.file_name: (s.sequence, s.index) for s in read_sources(files, Options()).shots}


def test_recordings_of_one_name_are_not_taken_for_one(tmp_path):
    """Views of both would be views of one moment."""
    cameras = [camera(1, 'a', 1000.0), camera(2, 'b', 2000.0)]
    files = []
    for day, where in (('d1', ''), ('d2', ''), ('d3', 'elsewhere')):
        images = [(f'{day}_1.png', 1, 1), (f'{day}_2.png', 1, 2)]
        home = tmp_path / where
        home.mkdir(exist_ok=True)
        frame = (1, 'walk', 7 if where else 0)  # no moment that the others have, too
        files.append(multiview(home / f'{day}.json', images, cameras, [frame]))
    assert sequences(files) == {
        'images/d1_1.png': ('walk', 0),
        'images/d1_2.png': ('walk', 0),
        'images/d2_1.png': ('d2_walk', 0),
        'images/d2_2.png': ('d2_walk', 0),
        'elsewhere/images/d3_1.png': ('d3_walk', 7),
        'elsewhere/images/d3_2.png': ('d3_walk', 7),
    }
    said = read_sources(files, Options()).said
    assert sum('another one than that of this name before it' in line for line in said) == 2


def test_views_and_frames_of_one_recording_may_have_a_file_each(tmp_path):
    cameras = [camera(1, 'a', 1000.0), camera(2, 'b', 2000.0)]
    frames = [(1, 'walk', 0), (2, 'walk', 1)]
    (tmp_path / 'b').mkdir()
    files = [
        multiview(tmp_path / 'a.json', [('1.png', 1, 1)], cameras, frames[:1]),
        multiview(tmp_path / 'later.json', [('2.png', 2, 1)], cameras, frames),
        multiview(tmp_path / 'b' / 'b.json', [('1.png', 1, 2)], cameras, frames),
    ]
    assert sequences(files) == {
        'images/1.png': ('walk', 0),
        'images/2.png': ('walk', 1),
        'b/images/1.png': ('walk', 0),
    }


def test_the_real_mouse(tmp_path):
    folder = real('mouse')
    table = read_sources([folder + '/train.json'], Options())
    assert len(table.shots) == table.labeled == 1026 and len(table.joints) == 9
