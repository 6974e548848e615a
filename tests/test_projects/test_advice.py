"""Recommendations for projects that are written here, by rules worked out by hand."""

import numpy as np
import pytest

from mmpose_al.projects.advice import (
    Data,
    Machine,
    Pace,
    choose_method,
    choose_size,
    config_lines,
    describe_data,
    lacks,
    poses_alike,
    recommend,
    spoken_time,
)
from mmpose_al.projects.pool_file import cameras_teach

DATA = Data(
    labeled=320,
    unlabeled=900,
    views=0,
    joints=dict(nose=320, tail=300),
    box=300.0,
    fill=0.8,
    recordings=6,
    labeled_recordings=4,
    alike=3,
    validating=40,
)
HERE = Machine(cores=2, memory=16.0)
# A step of 16 labelled images of 128x128 takes 0.16 s.
PACE = Pace(seconds=0.01, size=128, dual=5.0)


def row(chosen, what):
    return next(r for r in chosen.rows if r.what == what)


def test_size_batch_steps_and_time_follow_from_the_data():
    chosen = recommend(DATA, HERE, PACE)
    assert (chosen.method, chosen.size, chosen.batch) == ('posedual', 128, 16)
    assert chosen.steps == 2000  # 100 passes over 320 labels, 16 a step
    assert chosen.seconds == pytest.approx(2000 * 0.16 * 5)
    assert row(chosen, 'steps').reason == '100 passes over 320 labels'
    assert row(chosen, 'time').value == '27 minutes'
    assert '10.0 ms an image of 128x128, measured on 2 CPU cores' in row(chosen, 'time').reason
    assert 'covers 2.3 of theirs' in row(chosen, 'input').reason
    assert all(r.reason for r in chosen.rows)


@pytest.mark.parametrize(
    'box, size', [(50, 64), (192, 64), (193, 128), (384, 128), (385, 256), (2000, 256)]
)
def test_a_pixel_of_the_input_covers_at_most_three(box, size):
    assert choose_size(box) == size


@pytest.mark.parametrize(
    'labeled, unlabeled, method',
    [
        (0, 100, 'experiment'),
        (19, 100, 'experiment'),
        (20, 100, 'posedual'),
        (200, 100, 'supervised'),
        (25, 31, 'supervised'),
        (10, 0, 'supervised'),
    ],
)
def test_labels_and_images_without_choose_the_method(labeled, unlabeled, method):
    assert choose_method(DATA._replace(labeled=labeled, unlabeled=unlabeled))[0] == method


def test_what_takes_longer_than_a_night_is_made_smaller():
    # 2000 steps x 16 x 0.5 s x 5 = 80,000 s at 128: a quarter of it at 64
    chosen = recommend(DATA, HERE, PACE._replace(seconds=0.5))
    assert (chosen.size, chosen.method) == (64, 'posedual')
    assert chosen.seconds == pytest.approx(20000)
    assert 'would take 22.2 hours' in row(chosen, 'input').reason
    chosen = recommend(DATA, HERE, PACE._replace(seconds=2.0))
    assert (chosen.size, chosen.method) == (64, 'supervised')
    assert 'PoseDual would take 22.2 hours here' in row(chosen, 'method').reason


def test_few_labels_and_little_memory_make_the_batch_smaller():
    assert recommend(DATA._replace(labeled=9, unlabeled=0), HERE, PACE).batch == 9
    assert recommend(DATA, HERE._replace(memory=2.0), PACE).batch == 8


def test_a_gpu_is_named_and_may_train_more():
    chosen = recommend(DATA, Machine(8, 24.0, 'A GPU'), PACE)
    assert 'measured on A GPU' in row(chosen, 'time').reason
    assert 'mmpose-al adapt' in row(chosen, 'model').reason


def test_the_config_gets_lines_only_where_it_differs():
    chosen = recommend(DATA, HERE, PACE)
    names = {}
    exec('\n'.join(config_lines(chosen, 64)), names)
    assert names['_base_'].endswith('lite0_128x128.py')
    assert names['train_cfg'] == dict(max_iters=2000)
    assert names['param_scheduler'][1]['milestones'] == [1400, 1800]
    assert config_lines(chosen._replace(steps=1000), 128) == []


def test_good_data_lack_nothing():
    assert lacks(DATA) == []


@pytest.mark.parametrize(
    'change, said',
    [
        (dict(labeled_recordings=1), 'labels are of 1 recording of 6'),
        (dict(alike=100), '100 of 320 labelled people have pose and place'),
        (dict(joints=dict(a=320, b=300, c=10, d=0)), 'nobody has labelled d'),
        (dict(joints=dict(a=320, b=300, c=10)), 'few labels of c (10)'),
        (dict(fill=0.1), 'spans 10% of its box'),
        (dict(validating=0), 'nothing validates'),
        (dict(validating=5), '5 people validate'),
        (dict(unlabeled=0), 'no images without labels'),
    ],
)
def test_each_lack_is_said(change, said):
    assert any(said in line for line in lacks(DATA._replace(**change)))


def test_times_are_said_as_people_say_them():
    assert [spoken_time(t) for t in (0.2, 80, 600, 9000)] == [
        '1 seconds',
        '80 seconds',
        '10 minutes',
        '2.5 hours',
    ]


def test_a_pose_is_seen_twice_where_joints_are_5_percent_of_the_body_apart():
    pose = np.array([[0, 0, 2], [100, 0, 2], [50, 40, 2.0]])
    near, far = pose + [4.9, 0, 0], pose + [5.1, 0, 0]
    assert poses_alike(np.array([pose, near]), ['a', 'a']) == 1
    assert poses_alike(np.array([pose, far]), ['a', 'a']) == 0
    assert poses_alike(np.array([pose, near]), ['a', 'b']) == 0
    hidden = near * [1, 1, 0]
    assert poses_alike(np.array([pose, hidden]), ['a', 'a']) == 0


def test_a_pool_is_described():
    keypoints = [10, 10, 2, 30, 20, 1]
    pool = dict(
        categories=[dict(keypoints=['nose', 'tail'])],
        cameras=[dict(id=n, name=name) for n, name in enumerate('aab')],
        frames=[dict(id=1, sequence='walk', index=0), dict(id=2, sequence='run', index=0)],
        images=[dict(id=1, frame_id=1), dict(id=2, frame_id=2)],
        annotations=[
            dict(image_id=1, bbox=[0, 0, 40, 20], keypoints=keypoints),
            dict(image_id=1, bbox=[0, 0, 40, 20], keypoints=[10, 10, 2, 0, 0, 0]),
            dict(image_id=2, bbox=[0, 0, 100, 20]),
        ],
    )
    data = describe_data(pool, dict(annotations=[dict(keypoints=keypoints), dict()]))
    assert (data.labeled, data.unlabeled, data.validating) == (2, 1, 1)
    assert data.views == 2  # one camera was calibrated anew
    assert data.joints == dict(nose=2, tail=1) and data.box == 40
    assert data.fill == pytest.approx((0.5 + 0) / 2)
    assert (data.recordings, data.labeled_recordings, data.alike) == (2, 1, 0)


def test_of_a_rig_the_cameras_teach():
    """Three times the time of a training; of an experiment each of its trainings."""
    rig = DATA._replace(views=4, cameras_teach=True)
    alone = DATA._replace(unlabeled=0)
    chosen = recommend(rig, HERE, PACE)
    assert chosen.method == 'bootstrap' and '4 cameras teach' in row(chosen, 'method').reason
    assert ', a training and a second one, on what' in row(chosen, 'time').reason
    assert chosen.seconds == pytest.approx(3 * recommend(alone, HERE, PACE).seconds)
    few = DATA._replace(labeled=8)
    one, many = (
        recommend(few._replace(views=4, cameras_teach=teach), HERE, PACE) for teach in (False, True)
    )
    assert one.method == many.method == 'experiment'
    assert many.seconds == pytest.approx(3 * one.seconds)
    assert 'after each a second one' in row(many, 'time').reason
    # where a night is too short, the labels alone
    slow = recommend(rig._replace(labeled=4000, unlabeled=8000), HERE, PACE._replace(seconds=0.3))
    assert slow.method == 'supervised' and slow.size == 64
    assert 'on what the cameras agree on, would take' in row(slow, 'method').reason


def test_cameras_teach_where_everybody_is_in_a_calibrated_view():
    images = [dict(id=i, camera_id=i % 2, frame_id=i // 2) for i in range(4)]
    annotations = [dict(id=i, image_id=i) for i in range(4)]
    assert cameras_teach(dict(images=images, annotations=annotations))
    assert not cameras_teach(dict(images=images, annotations=annotations[::2]))  # a view a frame
    for entry in annotations[:2]:  # who has labels in all views is taught nothing
        entry['num_keypoints'] = 3
    assert cameras_teach(dict(images=images, annotations=annotations))
    assert not cameras_teach(dict(images=images, annotations=annotations[:3]))
    annotations[1]['num_keypoints'] = 0
    assert cameras_teach(dict(images=images, annotations=annotations[:3]))
    images[3].pop('camera_id')
    assert not cameras_teach(dict(images=images, annotations=annotations))
    assert cameras_teach(dict(images=images, annotations=annotations[:3]))  # nobody is in it
    assert not cameras_teach(dict(images=[], annotations=[]))
