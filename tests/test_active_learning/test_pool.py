"""The pool of an experiment, and the files that a round makes from it."""

import json

import numpy as np
import pytest

from mmpose_al.active_learning.pool import (
    check_pool,
    load_pool,
    most_views,
    write_pseudo,
    write_split,
)
from mmpose_al.datasets.splits import labeled_units, load_split


@pytest.fixture(scope='module')
def pool_file(tmp_path_factory):
    from mmpose_al.synthetic import write_benchmark

    folder = tmp_path_factory.mktemp('pool')
    write_benchmark(str(folder), 'tiny', workers=1)
    return str(folder / 'train.json')


@pytest.mark.parametrize('unit, num', [('frames', 4), ('images', 16), ('instances', 16)])
def test_units_of_a_pool(pool_file, unit, num):
    pool = load_pool(pool_file, unit)
    assert len(pool.units) == num and (np.diff(pool.units) > 0).all()
    assert sum(pool.views.values()) == 16
    assert len(set(pool.sequences.tolist())) == 2
    assert set(pool.times.tolist()) == {0.0, 1.0}
    known = {f['id']: f['time'] for f in pool.data['frames']}
    images = {i['id']: i['frame_id'] for i in pool.data['images']}
    people = {a['id']: images[a['image_id']] for a in pool.data['annotations']}
    frame_of = dict(frames={i: i for i in known}, images=images, instances=people)[unit]
    assert pool.seconds.tolist() == [known[frame_of[i]] for i in pool.units.tolist()]
    assert pool.initial(2, 0) == pool.initial(2, 0)
    assert any(pool.initial(2, 0) != pool.initial(2, s) for s in range(1, 6))
    with pytest.raises(ValueError, match=f'initial is {num + 1}'):
        pool.initial(num + 1, 0)


def test_labels_of_the_file_start(pool_file, tmp_path):
    with open(pool_file) as file:
        data = json.load(file)
    first = data['images'][0]['frame_id']
    images = {i['id'] for i in data['images'] if i['frame_id'] == first}
    for annotation in data['annotations']:
        if annotation['image_id'] in images:
            del annotation['keypoints']
    path = str(tmp_path / 'fewer.json')
    with open(path, 'w') as file:
        json.dump(data, file)
    pool = load_pool(path, 'frames')
    others = [i for i in pool.units.tolist() if i != first]
    assert pool.initial_labeled(None, 0) == others
    assert len(pool.initial_labeled(2, 0)) == 2 and set(pool.initial_labeled(2, 0)) < set(others)
    with pytest.raises(ValueError, match='wants 4 labelled frames, but the file labels 3'):
        pool.initial_labeled(4, 0)
    labels = pool.labels([first, others[0]])
    expected = {a['id']: a['keypoints'] for a in data['annotations'] if 'keypoints' in a}
    assert labels and all(labels[i].ravel().tolist() == expected[i] for i in labels)
    frames = {i['id']: i['frame_id'] for i in data['images']}
    home = {a['id']: frames[a['image_id']] for a in data['annotations']}
    assert {home[i] for i in labels} == {others[0]}


def test_units_whose_time_is_not_known(pool_file, tmp_path):
    with open(pool_file) as file:
        data = json.load(file)
    data['frames'][0]['time'] = None
    del data['frames'][1]['time']
    path = str(tmp_path / 'timeless.json')
    with open(path, 'w') as file:
        json.dump(data, file)
    lost = [frame['id'] for frame in data['frames'][:2]]
    pool = load_pool(path, 'frames')
    assert pool.units[np.isnan(pool.seconds)].tolist() == lost
    assert np.isfinite(pool.seconds).sum() == 2


def test_only_labelable_units(pool_file, tmp_path):
    with open(pool_file) as file:
        data = json.load(file)
    first = data['images'][0]['frame_id']
    images = {i['id'] for i in data['images'] if i['frame_id'] == first}
    for annotation in data['annotations']:
        if annotation['image_id'] in images:
            annotation['keypoints'] = [0] * 51
            annotation['num_keypoints'] = 0
    path = str(tmp_path / 'fewer.json')
    with open(path, 'w') as file:
        json.dump(data, file)
    assert first in load_pool(path, 'frames').units
    assert first not in load_pool(path, 'frames', labeled_units).units
    with pytest.raises(ValueError, match='has no frames'):
        load_pool(path, 'frames', lambda data, unit: [])


def test_files_of_a_round_are_read_by_the_data_set(pool_file, tmp_path):
    from mmpose.registry import DATASETS

    pool = load_pool(pool_file, 'frames')
    split = str(tmp_path / 'labels.json')
    write_split(pool, pool.units[:1], split)
    assert load_split(split)['labeled'] == pool.units[:1].tolist()
    source = dict(type='MultiViewCocoDataset', ann_file=pool_file, test_mode=True)
    data = DATASETS.build(dict(source, ids_file=split, subset='labeled'))
    assert {data.get_data_info(i)['frame_id'] for i in range(len(data))} == {int(pool.units[0])}
    annotation = pool.data['annotations'][0]
    made = np.zeros((17, 3))
    made[3] = [11.12345, 20, 2]
    path = str(tmp_path / 'pseudo.json')
    empty = {pool.data['annotations'][1]['id']: np.zeros((17, 3))}
    assert write_pseudo(pool, {annotation['id']: made, **empty}, path) == 1
    data = DATASETS.build(dict(source, ann_file=path))
    info = data.get_data_info(0)
    assert len(data) == 1 and info['id'] == annotation['id']
    assert info['keypoints'][0, 3] == pytest.approx([11.123, 20])
    assert info['keypoints_visible'][0].sum() == 1


@pytest.fixture
def two_people(tmp_path):
    """Four frames of two cameras: one of a, two of b, one of b that only left sees.

    The other image of frame 4 has a person without a box and a crowd.
    """
    camera = dict(
        width=64, height=48, K=np.diag([50.0, 50, 1]).tolist(), R=np.eye(3).tolist(), t=[0, 0, 1]
    )
    images = [
        dict(
            id=10 * frame + view,
            file_name=f'{frame}{view}.png',
            width=64,
            height=48,
            frame_id=frame,
            camera_id=view,
        )
        for frame in (1, 2, 3, 4)
        for view in (1, 2)
    ]
    annotations = [
        dict(
            id=i['id'],
            image_id=i['id'],
            category_id=1,
            person_id=0,
            bbox=[1, 1, 9, 9],
            keypoints=[5, 5, 2] * 17,
        )
        for i in images
    ]
    annotations[-1].pop('bbox')
    annotations.append(dict(annotations[0], id=99, image_id=42, person_id=1, iscrowd=1))
    data = dict(
        categories=[dict(id=1)],
        images=images,
        annotations=annotations,
        cameras=[dict(camera, id=1, name='left'), dict(camera, id=2, name='right')],
        frames=[
            dict(id=n, sequence='s', index=n, subject='a' if n == 1 else 'b') for n in (1, 2, 3, 4)
        ],
    )
    path = tmp_path / 'pool.json'
    path.write_text(json.dumps(data))
    return str(path)


@pytest.mark.parametrize(
    'chosen, units, persons',
    [
        (dict(), [1, 2, 3, 4], [11, 12, 21, 22, 31, 32, 41]),
        (dict(cameras=['right']), [1, 2, 3], [12, 22, 32]),
        (dict(subjects=['b']), [2, 3, 4], [21, 22, 31, 32, 41]),
        (dict(cameras=[2], subjects=['b']), [2, 3], [22, 32]),
    ],
)
@pytest.mark.parametrize('labelable', [None, labeled_units])
def test_the_pool_is_what_training_reads(chosen, units, persons, labelable, two_people):
    from mmpose.registry import DATASETS

    pool = load_pool(two_people, 'frames', labelable, **chosen)
    assert pool.units.tolist() == units and sorted(pool.persons) == persons
    assert sum(pool.views.values()) == len(persons)
    images = load_pool(two_people, 'images', labelable, **chosen)
    assert images.units.tolist() == persons
    trained = DATASETS.build(
        dict(type='MultiViewCocoDataset', ann_file=two_people, test_mode=True, **chosen)
    )
    assert [info['id'] for info in map(trained.get_data_info, range(len(trained)))] == persons


def test_unknown_cameras_and_subjects_of_a_pool(two_people):
    with pytest.raises(ValueError, match="unknown: 'up'.*'left'"):
        load_pool(two_people, 'frames', cameras=['up'])
    with pytest.raises(ValueError, match="unknown: 'c'"):
        load_pool(two_people, 'frames', subjects=['c'])
    with pytest.raises(ValueError, match='and a label among the chosen'):
        load_pool(two_people, 'frames', lambda data, unit: [1], subjects=['b'])


def test_who_has_labels_in_all_views_is_not_counted(pool_file):
    pool = load_pool(pool_file, 'frames')
    most = most_views(pool)
    by_person = {}
    frame_of = {image['id']: image['frame_id'] for image in pool.data['images']}
    for entry in pool.data['annotations']:
        key = frame_of[entry['image_id']], entry.get('person_id') or 0
        by_person.setdefault(key, []).append(entry['id'])
    assert most == max(map(len, by_person.values())) > 1
    everyone = {number for numbers in by_person.values() for number in numbers}
    assert most_views(pool, everyone) == 0
    one = next(iter(by_person.values()))
    assert most_views(pool, everyone - {one[0]}) == len(one)  # all of its views teach that one


def test_the_rig_of_a_frame_is_its_calibrated_images(two_people):
    """Whoever they show: nobody with a box in the second image of frame 4."""
    assert load_pool(two_people, 'frames').rig() == {1: 2, 2: 2, 3: 2, 4: 2}
    assert load_pool(two_people, 'frames', subjects=['a']).rig() == {1: 2}
    assert load_pool(two_people, 'frames', cameras=['left']).rig() == {1: 1, 2: 1, 3: 1, 4: 1}
    change(two_people, lambda data: data['images'][0].pop('camera_id'))
    assert load_pool(two_people, 'frames').rig() == {1: 1, 2: 2, 3: 2, 4: 2}


def change(path, edit):
    with open(path) as file:
        data = json.load(file)
    edit(data)
    with open(path, 'w') as file:
        json.dump(data, file)


@pytest.mark.parametrize(
    'box, counts',
    [
        ([60, 40, 9, 9], True),
        ([63, 40, 9, 9], False),
        ([80, 10, 9, 9], False),
        ([-9, -9, 10, 10], True),
        ([-9, 5, 9, 9], False),
        ([5, 5, 0, 9], False),
        ([5, 47, 9, 9], False),
        (None, False),
    ],
)
def test_only_boxes_inside_the_image_count(box, counts, two_people):
    """Of a person without labels, whose box the format does not look at."""
    change(two_people, lambda data: data['annotations'][0].update(bbox=box, keypoints=[]))
    pool = load_pool(two_people, 'instances')
    assert (11 in pool.persons) is counts and (11 in pool.units) is counts
    assert 12 in pool.units


def test_what_cannot_be_scored_is_told_at_the_start(two_people):
    pool = load_pool(two_people, 'frames')
    check_pool(pool, ['cameras', 'frames', 'features'])
    change(two_people, lambda data: data['images'][2].update(frame_id=None))
    with pytest.raises(ValueError, match=r'images \(id 21\), field "frame_id": is mis'):
        check_pool(load_pool(two_people, 'frames'))
    check_pool(load_pool(two_people, 'frames', cameras=['right']))  # 21 is left's
    with pytest.raises(
        ValueError, match='no person is in 2 calibrated views of a frame.*most are 1'
    ):
        check_pool(load_pool(two_people, 'frames', cameras=['right']), ['cameras'])
    check_pool(load_pool(two_people, 'images'))
    with pytest.raises(ValueError, match='no person is in 9 calibrated views'):
        check_pool(load_pool(two_people, 'frames', cameras=['right']), ['cameras'], 9)
    change(two_people, lambda data: [i.pop('camera_id') for i in data['images']])
    change(two_people, lambda data: data['images'][2].update(frame_id=2))
    with pytest.raises(ValueError, match='no image of the pool has a camera_id'):
        check_pool(load_pool(two_people, 'frames'), ['cameras'])
    check_pool(load_pool(two_people, 'frames'), ['frames', 'features'])


@pytest.mark.parametrize('unit', ['images', 'instances'])
def test_views_are_compared_within_frames_only(unit, two_people):
    pool = load_pool(two_people, unit)
    check_pool(pool, ['features', 'disagreement', 'keypoints_3d'])
    for need in ('cameras', 'frames'):
        with pytest.raises(ValueError, match=f"unit is '{unit}'.*unit='frames'"):
            check_pool(pool, ['features', need])


def test_pseudo_labels_are_read_through_the_same_choice(two_people, tmp_path):
    from mmpose.registry import DATASETS

    chosen = dict(cameras=['left', 'right'], subjects=['a', 'b'])
    pool = load_pool(two_people, 'frames', **chosen)
    path = str(tmp_path / 'pseudo.json')
    made = np.full((17, 3), 2.0)
    # Of one camera and one subject only; a crowd's would be read by nobody.
    assert write_pseudo(pool, {21: made, 31: made, 99: made}, path) == 2
    data = DATASETS.build(
        dict(type='MultiViewCocoDataset', ann_file=path, test_mode=True, **chosen)
    )
    assert len(data) == 2


def test_a_camera_that_moves_is_one_camera(two_people):
    pool = load_pool(two_people, 'frames')
    ids = [camera['id'] for camera in pool.data['cameras']]
    assert pool.cameras == {number: number for number in ids}
    for camera in pool.data['cameras']:
        camera['name'] = 'moves'
    assert set(pool.cameras.values()) == {ids[0]}
