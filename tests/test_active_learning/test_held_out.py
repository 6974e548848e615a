"""Validation by what people answer: what is held out, and what a query draws from it."""

import math

import numpy as np
import pytest

from mmpose_al.active_learning.held_out import counts, hold_out, validation_asked
from mmpose_al.active_learning.pool import load_pool
from mmpose_al.fileio import write_json

SHARE = dict(share=0.25)


def pool_of(folder, recordings, unit='images', labeled=(), persons=1):
    """A pool of images, ``recordings``: (name or None, number of images); ids count from 1."""
    frames, images, annotations = [], [], []
    for name, count in recordings:
        for index in range(count):
            number = len(images) + 1
            image = dict(id=number, file_name=f'{number}.png', width=64, height=64)
            if name is not None:
                frames.append(dict(id=number, sequence=name, index=10 * index))
                image['frame_id'] = number
            images.append(image)
            for person in range(persons):
                seen = 2 if number in labeled else 0
                annotations.append(
                    dict(
                        id=len(annotations) + 1,
                        image_id=number,
                        category_id=1,
                        person_id=person,
                        iscrowd=0,
                        bbox=[1.0, 1.0, 40.0, 40.0],
                        num_keypoints=seen // 2,
                        keypoints=[5.0 * (seen > 0), 5.0 * (seen > 0), seen],
                    )
                )
    category = dict(id=1, name='body', keypoints=['nose'], skeleton=[])
    info = dict(format='mmpose_al-multiview', version=1, world_unit='mm')
    path = str(folder / 'pool.json')
    write_json(
        path,
        dict(
            info=info,
            categories=[category],
            cameras=[],
            frames=frames,
            images=images,
            annotations=annotations,
            poses_3d=[],
        ),
    )
    return load_pool(path, unit)


FIVE = [(name, 4) for name in 'abcde']


def test_whole_recordings_are_held_out_where_there_are_enough(tmp_path):
    pool = pool_of(tmp_path, FIVE)
    held = hold_out(pool, SHARE, False, 0).held
    # a quarter of 20 units are five: two recordings of four
    names = {(number - 1) // 4 for number in held}
    assert len(held) == 8 and len(names) == 2
    assert held == {4 * name + place for name in names for place in (1, 2, 3, 4)}


def test_the_choice_is_of_names_and_seed_not_of_ids(tmp_path):
    (tmp_path / 'back').mkdir()
    pool, back = pool_of(tmp_path, FIVE), pool_of(tmp_path / 'back', FIVE[::-1])

    def names(pool, seed):
        held = hold_out(pool, SHARE, False, seed).held
        return {f['sequence'] for f in pool.data['frames'] if f['id'] in held}

    assert all(names(pool, seed) == names(back, seed) for seed in range(5))
    assert len({tuple(sorted(names(pool, seed))) for seed in range(20)}) > 3


def test_of_few_recordings_the_ends_are_held_out(tmp_path):
    pool = pool_of(tmp_path, [('a', 8), ('b', 2), ('c', 1)])
    assert hold_out(pool, SHARE, False, 0).held == {7, 8, 10}  # one image cannot be divided


def test_images_of_no_recording_are_chosen_by_a_hash_as_a_whole(tmp_path):
    pool = pool_of(tmp_path, [(None, 12)], unit='instances', persons=2)
    held = hold_out(pool, SHARE, False, 0).held
    assert len(held) == 6  # three images of two people
    assert all((number + 1 if number % 2 else number - 1) in held for number in held)
    assert held != hold_out(pool, SHARE, False, 1).held


def test_labels_that_start_an_experiment_are_divided_too(tmp_path):
    labeled = range(1, 9)
    pool = pool_of(tmp_path, [('a', 20), ('new', 4)], labeled=labeled)
    held = hold_out(pool, SHARE, True, 0).held
    # the last quarter of the labelled ones, and of the recording without labels
    assert held == {7, 8, 24}
    with_gap = pool_of(tmp_path, [('a', 20)], labeled=[1, 5, 9, 13])
    assert hold_out(with_gap, dict(share=0.5), True, 0).held == {9, 10, 11, 12, 13}


def test_a_pool_that_cannot_be_divided_is_refused(tmp_path):
    for recordings, labeled in (([('a', 1)], False), ([(None, 1)], False)):
        with pytest.raises(ValueError, match='part of the images, and 1 cannot be divided'):
            hold_out(pool_of(tmp_path, recordings), SHARE, labeled, 0)
    one = pool_of(tmp_path, [('a', 8)], labeled=[3])
    with pytest.raises(ValueError, match='labelled images, and 1 cannot be .*Label one more'):
        hold_out(one, SHARE, True, 0)


@pytest.mark.parametrize('labeled', [[3, 11], [3, 11, 17]])
def test_one_label_in_each_of_few_recordings_holds_one_of_them_out(tmp_path, labeled):
    pool = pool_of(tmp_path, [('a', 8), ('b', 8), ('c', 8)], labeled=labeled)
    held = hold_out(pool, SHARE, True, 0).held
    labelled = held & set(labeled)
    assert len(labelled) == 1
    start = 8 * ((min(labelled) - 1) // 8)
    assert held >= set(range(start + 1, start + 9))  # its whole recording
    assert hold_out(pool, SHARE, True, 0).held == held


def test_without_a_section_nothing_is_held_out(tmp_path):
    pool = pool_of(tmp_path, FIVE)
    assert hold_out(pool, None, False, 0) is pool and pool.training is pool
    assert validation_asked(pool, None, [], 5, 0) == [] and counts(pool.held, [1]) == {}


def test_what_trains_is_the_rest(tmp_path):
    pool = hold_out(pool_of(tmp_path, [('a', 8), ('b', 4)]), SHARE, False, 0)
    training = pool.training
    assert pool.held == {7, 8, 12} and training.held == frozenset()
    assert training.units.tolist() == [1, 2, 3, 4, 5, 6, 9, 10, 11] == sorted(training.views)
    assert training.times.tolist() == [0, 10, 20, 30, 40, 50, 0, 10, 20]
    assert len(training.sequences) == len(training.seconds) == 9


def test_the_share_holds_of_all_answers(tmp_path):
    pool = hold_out(pool_of(tmp_path, FIVE), SHARE, False, 0)
    answered = []
    rest = iter(sorted(set(pool.units.tolist()) - pool.held))
    for budget in (3, 4, 2, 5):
        held = validation_asked(pool, 0.25, answered, budget, 0)
        assert set(held) <= pool.held - set(answered)
        answered += held + [next(rest) for _ in range(budget - len(held))]
        assert len(pool.held & set(answered)) == math.ceil(0.25 * len(answered))


def test_one_unit_of_a_query_is_left_for_training(tmp_path):
    pool = hold_out(pool_of(tmp_path, FIVE), dict(share=0.9), False, 0)
    assert validation_asked(pool, 0.9, [], 1, 0) == []
    assert len(validation_asked(pool, 0.9, [], 4, 0)) == 3


def test_units_are_drawn_at_random_and_only_among_those_allowed(tmp_path):
    pool = hold_out(pool_of(tmp_path, FIVE), SHARE, False, 0)
    draws = {tuple(validation_asked(pool, 0.25, [], 8, seed)) for seed in range(20)}
    assert len(draws) > 10
    counted = np.bincount([unit for draw in draws for unit in draw], minlength=21)
    assert (counted[sorted(pool.held)] > 0).all()
    few = sorted(pool.held)[:1]
    assert validation_asked(pool, 0.25, [], 8, 0, few) == few
    assert validation_asked(pool, 0.25, sorted(pool.held), 8, 0) == []
