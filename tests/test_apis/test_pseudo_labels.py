"""Pseudo-labels, by hand."""

import numpy as np
import pytest
from mmengine.config import Config

from mmpose_al.apis import pseudo_labels as module
from mmpose_al.apis.pseudo_labels import pseudo_labels, relabel, smoothed, source_of, tracks
from mmpose_al.fileio import FileError, write_json


def test_pseudo_labels_by_hand():
    data = dict(
        info=dict(format='f'),
        poses_3d=[1],
        cameras=[2],
        frames=[3],
        images=[dict(id=7, width=10, height=10)],
        annotations=[
            dict(id=1, image_id=7, bbox=[0, 0, 9, 9], keypoints=[9, 9, 2] * 3, num_keypoints=3),
            dict(id=2, image_id=7, bbox=[0, 0, 9, 9], keypoints=[]),
        ],
    )
    found = {1: (np.array([[1.0, 2], [3, 4], [5, 11]]), np.array([0.6, 0.5, 0.9]))}
    out = relabel(data, found, 0.5)
    # sure; not above the threshold; sure, but outside the image
    (annotation,) = out['annotations']
    assert annotation['keypoints'] == [1, 2, 2, 0, 0, 0, 0, 0, 0]
    assert annotation['num_keypoints'] == 1
    assert annotation['keypoint_scores'] == [0.6, 0.5, 0.9]
    assert 'poses_3d' not in out and out['cameras'] == [2]
    assert out['info']['pseudo_labels'] == dict(threshold=0.5)
    assert data['annotations'][0]['num_keypoints'] == 3  # the source is left alone


def test_source_of_pseudo_labels():
    config = Config(dict(a=dict(one=[dict(x=1)], two=[dict(x=2), dict(x=3)], d=dict(x=4), none=[])))
    assert source_of(config, 'a.d').x == 4
    assert source_of(config, 'a.one').x == 1 and source_of(config, 'a.two.1').x == 3
    with pytest.raises(
        ValueError, match='a.two is a list of 2; name one by --data a.two.0 to --data a.two.1'
    ):
        source_of(config, 'a.two')
    for key in ('a.none', 'b.c', 'a.two.2', 'a.two.x'):
        with pytest.raises(ValueError, match=f'has no {key}'):
            source_of(config, key)


def video(*views):
    """A file of annotations 0, 1, ... with (sequence, index, camera, person), an image each."""
    frames, images, annotations = {}, [], []
    for number, (sequence, index, camera, person) in enumerate(views):
        frame = frames.setdefault((sequence, index), len(frames))
        images.append(dict(id=50 + number, frame_id=frame, camera_id=camera, width=99, height=99))
        annotations.append(dict(id=number, image_id=50 + number, person_id=person))
    return dict(
        frames=[dict(id=i, sequence=s, index=n) for (s, n), i in frames.items()],
        images=images,
        annotations=annotations,
    )


def said(*places):
    """What a network says of annotations 0, 1, ...: one joint each, at (x, 0), surely."""
    return {i: (np.array([[x, 0.0]]), np.ones(1)) for i, x in enumerate(places)}


def test_a_track_is_one_person_in_one_camera_in_one_sequence():
    data = video(
        *[('a', 7, 0, 0), ('a', 2, 0, 0), ('a', 2, 1, 0)],
        *[('a', 2, 0, 1), ('b', 3, 0, 0), ('a', 5, 0, 0)],
    )
    assert tracks(data, said(*range(6))) == [{2: 1, 5: 5, 7: 0}, {2: 2}, {2: 3}, {3: 4}]
    assert tracks(data, {5: None, 1: None}) == [{2: 1, 5: 5}]  # of others nothing was predicted


def test_a_camera_that_moves_is_one_camera():
    """It has an entry for each image, all of one name."""
    data = video(('a', 0, 3, 0), ('a', 1, 4, 0), ('a', 2, 5, 0), ('a', 1, 6, 0))
    data['cameras'] = [dict(id=i, name='moves') for i in (3, 4, 5)] + [dict(id=6)]  # nameless
    assert tracks(data, said(*range(4))) == [{0: 0, 1: 1, 2: 2}, {1: 3}]


def test_weights_of_old_labels_go_with_them():
    data = dict(
        images=[dict(id=7, width=10, height=10)],
        annotations=[dict(id=1, image_id=7, bbox=[0, 0, 9, 9], keypoint_weights=[0.0, 0.2])],
    )
    out = relabel(data, {1: (np.array([[1.0, 2], [3, 4]]), np.array([0.6, 0.9]))}, 0.5)
    assert 'keypoint_weights' not in out['annotations'][0]
    assert data['annotations'][0]['keypoint_weights'] == [0.0, 0.2]


def test_a_config_without_a_test_set_is_told():
    with pytest.raises(ValueError, match='has no test_dataloader'):
        pseudo_labels(Config(dict(data=dict(x=1))), 'a.pth', 'data', 0.5)


def test_keypoints_go_to_the_median_of_their_track():
    """Five frames in steady motion, the middle 15 pixels off; another camera's stay."""
    views = [('a', index, 0, 0) for index in (4, 3, 2, 1, 0)]
    data = video(*views, ('a', 2, 1, 0))
    places = [40.0, 30, 35, 10, 0, 77]
    found = smoothed(data, said(*places), 2)
    x = {i: pair[0][0, 0] for i, pair in found.items()}
    assert set(x) == set(range(6)) and x[5] == pytest.approx(77)
    # Medians of (0), (0, 10, 35), (0, 10, 35, 30, 40), (35, 30, 40) and (40).
    assert [x[i] for i in (4, 3, 2, 1, 0)] == [0, 10, 30, 35, 40]
    # No neighbour is near enough: index counts, not the place in the list.
    alone = video(('a', 0, 0, 0), ('a', 5, 0, 0), ('a', 10, 0, 0))
    for radius, middle in ((4, 90), (5, 20)):
        found = smoothed(alone, said(0, 90, 20), radius)
        assert [found[i][0][0, 0] for i in range(3)] == [0, middle, 20]


def test_what_follows_what_must_be_known():
    data = video(('a', 0, 0, 0), ('a', 1, 0, 0))
    del data['images'][1]['frame_id']
    with pytest.raises(FileError, match='pool.json: image 51, field "frame_id": names no frame'):
        smoothed(data, said(0, 1), 2, 'pool.json')
    same = video(('a', 0, 0, None), ('a', 0, 0, None))
    with pytest.raises(
        FileError, match='annotations 0 and 1, field "person_id".*leave out --smooth'
    ):
        smoothed(same, said(0, 1), 2)


def test_smoothing_is_off_by_default_and_noted(tmp_path, monkeypatch):
    data = video(*(('a', index, 0, 0) for index in range(3)))
    write_json(str(tmp_path / 'a.json'), data)
    dataset = type('Dataset', (), dict(ann_file=str(tmp_path / 'a.json')))
    monkeypatch.setattr(module, 'load_model', lambda *given: (None, None))
    monkeypatch.setattr(module.DATASETS, 'build', lambda config: dataset)
    monkeypatch.setattr(module, 'predict', lambda model, dataset: said(0, 9, 0))
    config = Config(dict(data=dict(x=1), test_dataloader=dict(dataset=dict(pipeline=[]))))
    plain = pseudo_labels(config, 'a.pth', 'data', 0.5)
    assert [each['keypoints'][0] for each in plain['annotations']] == [0, 9, 0]
    assert plain['info']['pseudo_labels'] == dict(threshold=0.5)
    smooth = pseudo_labels(config, 'a.pth', 'data', 0.5, smooth=2)
    assert [each['keypoints'][0] for each in smooth['annotations']] == [0, 0, 0]
    assert smooth['info']['pseudo_labels'] == dict(threshold=0.5, smooth=2)
