"""Pseudo-labels: which frames, what they say, how wrong they are (Feng23, Alg. 2)."""

import numpy as np
import pytest

from mmpose_al.active_learning.registry import SELF_TRAINING
from mmpose_al.active_learning.self_training.consistent_frames import (
    Candidates,
    ConsistentFrames,
    candidates,
    choose_pseudo,
    pick_pseudo,
    pseudo_annotations,
    pseudo_error,
)
from mmpose_al.active_learning.statistics import PoolStatistics, concatenate
from tests.test_active_learning.rig import JOINTS, NUM_VIEWS, make_pool, make_views

RIG = dict.fromkeys(range(0, 60, 10), NUM_VIEWS)
FOUND = Candidates([50, 20, 90, 10, 70], [1.0, 2.0, 3.0, 4.0, 5.0])


def test_schedules_by_hand():
    assert choose_pseudo(FOUND, 2, []) == [50, 20]
    assert choose_pseudo(FOUND, 2, [50, 20]) == [90, 10]  # no re-labelling
    assert choose_pseudo(FOUND, 2, [90, 10]) == [50, 20]  # but two rounds later
    assert choose_pseudo(FOUND, 2, [50, 20], 'grow') == [50, 20, 90, 10]
    assert choose_pseudo(FOUND, 2, [50, 20], 'constant') == [50, 20]
    assert choose_pseudo(FOUND, 9, [50]) == [20, 90, 10, 70]
    with pytest.raises(ValueError, match='alternate'):
        choose_pseudo(FOUND, 2, [], 'shrink')


def test_never_twice():
    assert choose_pseudo(FOUND, 2, [50, 20, 90], 'once') == [10, 70]
    assert choose_pseudo(FOUND, 2, FOUND.ids, 'once') == []


def test_a_choice_among_those_that_the_schedule_leaves():
    last = lambda ids, num: ids[-num:]  # noqa: E731
    assert choose_pseudo(FOUND, 2, [70], pick=last) == [90, 10]
    assert choose_pseudo(FOUND, 2, [70], 'grow', last) == [70, 90, 10]
    assert choose_pseudo(FOUND, 2, [70], 'constant', last) == [10, 70]


def test_choices_by_name():
    """The first 15 frames show one pose, 9 others one each: an equal share of each pose."""
    rng = np.random.RandomState(0)
    points = np.repeat(rng.normal(0, 300, (10, JOINTS, 3)), [15] + [1] * 9, 0)
    pool = make_pool(24, noise=0.0, points=points + 500 * rng.rand(24, 1, 3))
    ids = pool.units.tolist()
    assert pick_pseudo('surest', pool)(ids, 3) == [0, 10, 20]
    spread = pick_pseudo('clusters', pool)
    assert sorted(spread(ids, 10)) == [0, *range(150, 240, 10)] and spread([], 2) == []
    drawn = pick_pseudo('random', pool)(ids, 2)
    assert len(drawn) == 2 and set(drawn) <= {0, 10, 20, 30}
    with pytest.raises(ValueError, match="'best'"):
        pick_pseudo('best', pool)


def test_errors_in_pixels():
    pool = make_pool(3, noise=1.0)
    found = candidates(pool, RIG, squared=False)
    errors = pool.groups.errors.astype(np.float64)
    assert found.errors == pytest.approx(sorted(errors.mean((1, 2))))


def test_candidates_need_every_view_and_keypoint():
    """One view of one keypoint far off, and the frame is out."""
    pool = make_pool(6, labeled=[10], noise=1.0)
    keypoints = pool.views.keypoints.copy()
    row = np.flatnonzero(pool.view_unit == 4)[2]
    keypoints[row, 3] += 60
    pool.views = pool.views.replace(keypoints=keypoints)
    found = candidates(pool, RIG)
    assert sorted(found.ids) == [0, 20, 30, 50]
    assert list(np.sort(found.errors)) == found.errors
    errors = pool.groups.errors.astype(np.float64)
    assert found.errors[0] == pytest.approx(min((errors[i] ** 2).mean() for i in (0, 2, 3, 5)))


def test_a_view_that_is_missing_is_no_inlier():
    """Frame 0 is seen by two views, 10 by three, 20 by four, 30 has three images."""
    pool = make_pool(4, noise=[0.1, 0.2, 0.4, 0.3])
    lost = np.isin(pool.views.id, [2, 3, 40 + 1, 120 + 2])
    views = pool.views.select(~lost)
    pool = PoolStatistics(views, pool.units, pool.labeled)
    rig = {0: 4, 10: 4, 20: 4, 30: 3}
    found = candidates(pool, rig)
    assert found.ids == [20, 30] and found.errors[0] > found.errors[1]
    assert candidates(pool, rig, min_views=3).ids == [20, 10, 30]
    assert candidates(pool, rig, min_views=2).ids == [20, 10, 30, 0]
    assert candidates(pool, rig, min_views=4).ids == [20]


def test_of_two_persons_the_one_that_fewer_views_see_counts():
    one, points = make_views(2, noise=0.1)
    other = one.replace(id=one.id + 1000, person_id=one.person_id + 1)
    kept = np.array([i not in (1000, 1003) for i in other.id])  # frame 0, two views
    views = concatenate([one, other.select(kept)])
    pool = PoolStatistics(views, np.array([0, 10]), np.zeros(2, bool))
    assert candidates(pool, RIG).ids == [10]
    assert candidates(pool, RIG, min_views=2).ids == [10, 0]


def test_a_failed_keypoint_excludes_a_frame():
    pool = make_pool(3, noise=1.0)
    keypoints = pool.views.keypoints.copy()
    keypoints[pool.view_unit == 1, 0] = np.nan
    pool.views = pool.views.replace(keypoints=keypoints)
    assert sorted(candidates(pool, RIG).ids) == [0, 20]


def test_pseudo_keypoints_are_the_projected_points():
    pool = make_pool(4, noise=2.0)
    sizes = {int(i): (640, 480) for i in pool.views.image_id}
    made = pseudo_annotations(pool, [20], sizes)
    rows = np.flatnonzero(pool.view_unit == 2)
    assert sorted(made) == sorted(pool.views.id[rows].tolist())
    for row in rows:
        keypoints = made[int(pool.views.id[row])]
        seen = keypoints[:, 2] > 0
        assert seen.sum() >= 4
        gap = np.linalg.norm(keypoints[:, :2] - pool.views.keypoints[row], axis=1)
        assert gap[seen].max() < 10  # what 2 px of noise does
        errors = pool.groups.errors[2, row - rows[0]]
        assert gap[seen] == pytest.approx(errors[seen], abs=1e-3)


def test_points_outside_an_image_are_not_labelled():
    pool = make_pool(1, noise=0.0)
    inside = pseudo_annotations(pool, [0], {int(i): (640, 480) for i in pool.views.image_id})
    narrow = pseudo_annotations(pool, [0], {int(i): (320, 480) for i in pool.views.image_id})
    for key in inside:
        x = inside[key][:, 0]
        assert ((narrow[key][:, 2] > 0) == ((inside[key][:, 2] > 0) & (x <= 319))).all()
        assert (narrow[key][narrow[key][:, 2] == 0] == 0).all()


def test_pseudo_error_is_the_mean_distance_in_millimetres():
    views, points = make_views(3, noise=0.0)
    pool = make_pool(3, noise=0.0)
    shifted = points + [3.0, 0, 4.0]
    truth = {
        (frame * 10, 0): np.concatenate([shifted[frame], np.ones((JOINTS, 1))], 1)
        for frame in range(3)
    }
    truth[(10, 0)][:, 3] = 0  # unknown
    assert pseudo_error(pool, [0, 10], truth) == pytest.approx(5.0, abs=1e-3)
    assert np.isnan(pseudo_error(pool, [10], truth))
    assert len(views.id) == 3 * NUM_VIEWS


def test_a_round_chooses_what_is_not_picked_and_was_not_chosen_before():
    pool = make_pool(6, noise=np.arange(1, 7) / 10)

    class File:
        data = dict(images=[dict(id=int(i), width=640, height=480) for i in pool.views.image_id])

        def rig():
            return RIG

    rules = ConsistentFrames(2)
    chosen = rules.for_next_round(pool, File, picked=[0], before=[0, 10])
    assert (chosen.ids, chosen.candidates) == ([20, 30], 5)
    sizes = {image['id']: (640, 480) for image in File.data['images']}
    expected = pseudo_annotations(pool, [20, 30], sizes)
    assert sorted(chosen.keypoints) == sorted(expected) and len(expected) == 2 * NUM_VIEWS
    assert all((chosen.keypoints[i] == expected[i]).all() for i in expected)


def test_a_number_for_each_round():
    """As the authors' code has it: none after the first round, 1 after the second."""

    class File:
        data = dict(images=[])

        def rig():
            return RIG

    rules = ConsistentFrames([0, 1, 2], schedule='once', squared=False)
    assert rules.remembers and not ConsistentFrames(1).remembers
    File.data = dict(images=[dict(id=i, width=640, height=480) for i in range(400)])
    for round, expected in ((0, []), (1, [0]), (2, [0, 10]), (5, [0, 10])):
        pool = make_pool(6, noise=np.arange(1, 7) / 10, round=round)
        assert rules.for_next_round(pool, File, picked=[], before=[]).ids == expected
    assert rules.for_next_round(pool, File, picked=[20], before=[0, 40]).ids == [10, 30]


@pytest.mark.parametrize('rules', [dict(choice='best'), dict(squared=1), dict(choice=None)])
def test_choices_are_known(rules):
    with pytest.raises(ValueError, match='choice is one of .* and squared True or False; got'):
        ConsistentFrames(4, **rules)


@pytest.mark.parametrize(
    'rules',
    [
        dict(num=0),
        dict(num=[]),
        dict(num=[0, 0]),
        dict(num=[1, -1]),
        dict(num=float('nan')),
        dict(num=float('inf')),
        dict(num=2.5),
        dict(num='4'),
        dict(num=True),
        dict(num=4, min_views=1),
        dict(num=4, min_views=float('nan')),
        dict(num=4, min_views=2.5),
        dict(num=4, schedule='shrink'),
    ],
)
def test_numbers_are_whole(rules):
    with pytest.raises(ValueError, match='self_training: num is a whole number, at least 1'):
        SELF_TRAINING.build(dict(type='ConsistentFrames', **rules))
