"""Bootstrapped labels against a slow version, by hand, and what is refused."""

import copy
from itertools import combinations
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from scipy.optimize import least_squares

from mmpose_al.active_learning.registry import SELF_TRAINING
from mmpose_al.active_learning.self_training import MultiViewBootstrapping
from mmpose_al.active_learning.self_training.bootstrapping import (
    Agreement,
    agree,
    default_inliers,
    error_of_points,
    joint_weights,
    labels_of_views,
)
from mmpose_al.active_learning.statistics import ViewStatistics

JOINTS = 5
FLIPS = [0, 2, 1, 4, 3]
SIZE = (160, 150)  # width, height


def shown(point, camera):
    """Pixels of a world point, by OpenCV; and its depth."""
    rotation, _ = cv2.Rodrigues(camera['R'])
    pixel, _ = cv2.projectPoints(
        point.reshape(1, 1, 3), rotation, camera['t'], camera['K'], camera['dist']
    )
    return pixel.reshape(2), float(camera['R'][2] @ point + camera['t'][2])


def random_rig(frames=4, num=6, seed=0, persons=1, lens=0.02):
    """(views of all, file, true pixels (N, J, 2), true points by (frame, person))."""
    random = np.random.RandomState(seed)
    cameras = []
    for view in range(num):
        angle = 2 * np.pi * view / num + random.uniform(-0.2, 0.2)
        center = np.array([3000 * np.cos(angle), 3000 * np.sin(angle), random.uniform(200, 1200)])
        ahead = -center / np.linalg.norm(center)
        right = np.cross(ahead, [0, 0, 1.0])
        right /= np.linalg.norm(right)
        R = np.stack([right, np.cross(ahead, right), ahead])
        f = random.uniform(140, 170)
        cameras.append(
            dict(
                K=np.array([[f, 0, 80], [0, f * 1.02, 75], [0, 0, 1]]),
                R=R,
                t=-R @ center,
                dist=random.uniform(-lens, lens, 5),
            )
        )
    rows, truth, points, annotations, images = [], [], {}, [], {}
    for frame in range(frames):
        for person in range(persons):
            poses = random.uniform(-700, 700, (JOINTS, 3))
            points[frame, person] = np.c_[poses, np.ones(JOINTS)]
            for view, camera in enumerate(cameras):
                image, number = frame * num + view, (frame * persons + person) * num + view
                pixels = np.array([shown(pose, camera)[0] for pose in poses])
                truth.append(pixels)
                images[image] = dict(
                    id=image, width=SIZE[0], height=SIZE[1], frame_id=frame, camera_id=view
                )
                box = [10.0, 10.0, 60.0, random.uniform(80, 130)]
                annotations.append(
                    dict(id=number, image_id=image, bbox=box, person_id=person, category_id=1)
                )
                rows.append(
                    dict(
                        id=number,
                        image_id=image,
                        unit=frame,
                        frame_id=frame,
                        camera_id=view,
                        person_id=person,
                        keypoints=pixels,
                        scores=random.uniform(0.2, 1.0, JOINTS),
                        K=camera['K'],
                        R=camera['R'],
                        t=camera['t'],
                        dist=np.pad(camera['dist'], (0, 9)),
                    )
                )
    views = ViewStatistics(**{k: np.stack([np.asarray(r[k]) for r in rows]) for k in rows[0]})
    file = SimpleNamespace(
        path='pool.json',
        persons=frozenset(a['id'] for a in annotations),
        data=dict(images=list(images.values()), annotations=annotations),
    )
    return views, file, np.array(truth), points


def spoiled(views, truth, noise=0.3, share=0.2, seed=1):
    """Predictions with noise, some of them far off."""
    random = np.random.RandomState(seed)
    keypoints = truth + random.normal(0, noise, truth.shape)
    wrong = random.rand(*truth.shape[:2]) < share
    keypoints[wrong] += random.uniform(15, 40, (wrong.sum(), 2))
    return views.replace(keypoints=keypoints), wrong


def slow_label(views, rows, joint, boxes, least):
    """(point, inliers) of a joint seen by some rows: pairs by OpenCV, the best fitted by SciPy.

    Errors are shares of a 32nd of each box; the fit weighs them by the confidence.
    """
    limit = np.array([max(boxes[int(views.id[row])][2:]) / 32 for row in rows])
    cameras = [{n: views[n][row] for n in ('K', 'R', 't', 'dist')} for row in rows]
    seen = np.array([views.keypoints[row, joint] for row in rows])
    trust = np.array([views.scores[row, joint] for row in rows])

    def errors(X):
        each = np.array([shown(X, camera)[0] for camera in cameras]) - seen
        return np.linalg.norm(each, axis=1) / limit

    best = (least - 1, np.inf, None, None)
    for a, b in combinations(range(len(rows)), 2):
        ideal = [
            cv2.undistortPoints(
                seen[v].reshape(1, 1, 2), cameras[v]['K'], cameras[v]['dist']
            ).reshape(2)
            for v in (a, b)
        ]
        extrinsics = [np.c_[cameras[v]['R'], cameras[v]['t']] for v in (a, b)]
        X = cv2.triangulatePoints(*extrinsics, *ideal)[:, 0]
        X = X[:3] / X[3]
        inliers = errors(X) <= 1
        total = (errors(X)[inliers] ** 2).sum()
        if inliers.sum() > best[0] or (inliers.sum() == best[0] and total < best[1]):
            best = (inliers.sum(), total, X, inliers)
    if best[2] is None:
        return None, np.zeros(len(rows), bool)
    X, inliers = best[2], best[3]
    for _ in range(2):
        fit = least_squares(lambda x, i=inliers: (trust * errors(x))[i], X, x_scale=100.0)
        X, inliers = fit.x, errors(fit.x) <= 1
    return X, inliers


@pytest.mark.parametrize('seed, num', [(0, 6), (1, 8), (2, 4)])
def test_labels_against_a_slow_version(seed, num):
    views, file, truth, _ = random_rig(3, num, seed, persons=2)
    views, wrong = spoiled(views, truth, seed=seed)
    rules = MultiViewBootstrapping(exchange=False, weight='inliers_and_error')
    found = rules.labels(views, file, [], FLIPS)
    boxes = {a['id']: a['bbox'] for a in file.data['annotations']}
    least = {4: 3, 6: 3, 8: 4}[num]
    compared = 0
    for frame in range(3):
        for person in range(2):
            rows = np.flatnonzero((views.frame_id == frame) & (views.person_id == person))
            for joint in range(JOINTS):
                X, inliers = slow_label(views, rows, joint, boxes, least)
                votes = inliers.sum() if X is not None and inliers.sum() >= least else 0
                assert (found.votes[rows, joint] == votes).all()
                for row in rows:
                    label = found.keypoints[row, joint]
                    if not votes:
                        assert (label == 0).all() and found.weights[row, joint] == 0
                        continue
                    pixel, depth = shown(X, {n: views[n][row] for n in ('K', 'R', 't', 'dist')})
                    inside = (pixel >= 0).all() and (pixel <= np.subtract(SIZE, 1)).all()
                    assert label[2] == (2 if inside and depth > 0 else 0)
                    if label[2]:
                        assert label[:2] == pytest.approx(pixel, abs=0.25)
                        compared += 1
                        taught = wrong[row, joint] and votes < num
                        assert not taught or np.linalg.norm(label[:2] - truth[row, joint]) < 2
    assert compared > 15 * num and (found.votes == 0).sum() < 20 * num


def test_views_that_were_wrong_get_the_true_place():
    views, file, truth, points = random_rig(num=6, seed=3)
    keypoints = truth.copy()
    keypoints[[0, 3], 1] += 40  # frame 0, two of six views
    views = views.replace(keypoints=keypoints)
    found = MultiViewBootstrapping().labels(views, file, [], FLIPS)
    inside = ((truth >= 0) & (truth <= np.subtract(SIZE, 1))).all(-1)
    assert (found.labeled == inside).all()
    assert np.abs(found.keypoints[inside][:, :2] - truth[inside]).max() < 1e-3
    assert found.votes[:6, 1].tolist() == [4] * 6 and (found.votes[6:] == 6).all()
    assert found.weights[inside].min() == pytest.approx(4 / 6)
    assert error_of_points(found.agreement, points) < 1e-3


def hand(inliers, errors, rows=None, found=None):
    """An agreement of one group of one joint."""
    inliers = np.array(inliers, bool)[None, :, None]
    rows = np.arange(inliers.shape[1])[None] if rows is None else np.array([rows])
    points = np.zeros((1, 1, 3)) if found is None else np.full((1, 1, 3), np.nan)
    shape = (*inliers.shape, 2)
    return Agreement(
        np.zeros((1, 2), int),
        rows,
        points,
        np.zeros(shape),
        inliers,
        np.array(errors)[None, :, None],
    )


def test_weights_by_hand():
    """Three of four views agree, with errors of 0, a half and a half of the threshold."""
    one = hand([1, 1, 1, 0], [0.0, 0.5, 0.5, 7.0])
    assert joint_weights(one, None).tolist() == [[1]]
    assert joint_weights(one, 'inliers').tolist() == [[0.75]]
    # 1 - (0 + 1/4 + 1/4) / 3 = 5/6
    assert joint_weights(one, 'inliers_and_error')[0, 0] == pytest.approx(0.75 * 5 / 6)
    lacking = hand([1, 1, 0, 0], [0.0, 1.0, np.nan, np.nan], rows=[0, 1, 2, -1])
    assert joint_weights(lacking, 'inliers')[0, 0] == pytest.approx(2 / 3)
    assert joint_weights(lacking, 'inliers_and_error')[0, 0] == pytest.approx(2 / 3 * 0.5)
    none = hand([0, 0, 0, 0], [np.nan] * 4, found=False)
    for weight in (None, 'inliers', 'inliers_and_error'):
        assert joint_weights(none, weight).tolist() == [[0]]


def test_the_border_of_an_image_by_hand():
    """A point on the last pixel is a label, one beyond it, or behind, is none."""
    views, _, _, _ = random_rig(1, 4)
    pixels = np.tile(
        [[[159.0, 149.0]], [[159.5, 20.0]], [[0.0, 0.0]], [[np.nan] * 2]], (1, JOINTS, 1)
    )
    one = hand([1, 1, 1, 1], [0.0] * 4)._replace(
        pixels=pixels[None], inliers=np.ones((1, 4, JOINTS), bool)
    )
    made = labels_of_views(views, one, np.full((1, JOINTS), 0.5), np.tile(SIZE, (4, 1)))
    assert made.keypoints[:, 0].tolist() == [[159, 149, 2], [0, 0, 0], [0, 0, 2], [0, 0, 0]]
    assert made.weights[:, 0].tolist() == [0.5, 0, 0.5, 0]
    assert made.votes[:, 0].tolist() == [4] * 4


def test_labels_of_people_are_touched_by_nothing():
    views, file, truth, _ = random_rig(4, 4)
    views = views.replace(keypoints=truth)
    before = copy.deepcopy(file.data), views.keypoints.copy()
    found = MultiViewBootstrapping().labels(views, file, [1, 3], FLIPS)
    assert sorted(found.ids.tolist()) == [*range(4), *range(8, 12)]
    keypoints, weights = found.by_id()
    assert sorted(keypoints) == sorted(weights) == sorted(found.ids.tolist())
    assert keypoints[9] is not None and (keypoints[9] == found.keypoints[5]).all()
    assert file.data == before[0] and (views.keypoints == before[1]).all()
    alone = MultiViewBootstrapping().labels(views, file, [0, 1, 2, 3], FLIPS)
    assert len(alone.ids) == 0 and alone.keypoints.shape == (0, JOINTS, 3)


def test_two_views():
    views, file, truth, _ = random_rig(3, 2, lens=0.0)
    views = views.replace(keypoints=truth)
    found = MultiViewBootstrapping().labels(views, file, [], FLIPS)
    assert (found.votes == 2).all() and found.labeled.mean() > 0.6
    seen = found.labeled
    assert np.abs(found.keypoints[seen][:, :2] - truth[seen]).max() < 1e-3


def test_a_view_without_a_prediction_is_taught_by_the_others():
    views, file, truth, _ = random_rig(2, 5, seed=4)
    keypoints, scores = truth.copy(), views.scores.copy()
    keypoints[2, 0], scores[4, 1] = np.nan, 0.0
    lost = views.id != 8  # one view of frame 1 is not there at all
    views = views.replace(keypoints=keypoints, scores=scores).select(lost)
    found = MultiViewBootstrapping(min_inliers=3).labels(views, file, [], FLIPS)
    assert found.votes[0, :2].tolist() == [4, 4] and (found.votes[0, 2:] == 5).all()
    assert (found.votes[5:] == 4).all() and len(found.ids) == 9
    for row, joint in ((2, 0), (4, 1)):
        if found.labeled[row, joint]:
            assert found.keypoints[row, joint, :2] == pytest.approx(truth[row, joint], abs=1e-3)
    assert found.labeled[[2, 4], [0, 1]].any()
    assert found.weights[0, 0] in (0, pytest.approx(4 / 5)) and found.weights[5].max() == 1


def test_left_and_right_are_exchanged_where_that_is_allowed():
    views, file, truth, _ = random_rig(2, 6, seed=5)
    keypoints = truth.copy()
    keypoints[1, [1, 2]] = truth[1, [2, 1]]
    views = views.replace(keypoints=keypoints)
    found = MultiViewBootstrapping().labels(views, file, [], FLIPS)
    assert (found.votes == 6).all()
    alone = MultiViewBootstrapping(exchange=False).labels(views, file, [], FLIPS)
    assert alone.votes[0, 1:3].tolist() == [5, 5] and (alone.votes[6:] == 6).all()


def test_the_default_threshold_is_a_share_of_the_box():
    """The same pixels off: an outlier of a small person, an inlier of a large one."""
    views, file, truth, _ = random_rig(1, 5, seed=6)
    keypoints = truth.copy()
    keypoints[0, 0] += [0, 3.0]
    views = views.replace(keypoints=keypoints)
    for side, votes in ((64.0, 4), (256.0, 5)):  # thresholds of 2 and 8 pixels
        for annotation in file.data['annotations']:
            annotation['bbox'] = [0.0, 0.0, 30.0, side]
        assert MultiViewBootstrapping().labels(views, file, [], FLIPS).votes[0, 0] == votes
    for threshold, votes in ((2.0, 4), (8.0, 5)):
        rules = MultiViewBootstrapping(threshold=threshold)
        assert rules.labels(views, file, [], FLIPS).votes[0, 0] == votes
    scale, limit = MultiViewBootstrapping().units(views, file)
    assert (scale == 0.5).all() and limit == 4.0


def test_a_pool_goes_through_in_chunks(monkeypatch):
    from mmpose_al.active_learning.self_training import bootstrapping

    views, file, truth, _ = random_rig(5, 4)
    views, _ = spoiled(views, truth)
    whole = agree(views, np.ones(len(views)), 4.0, 3)
    told = []
    monkeypatch.setattr(bootstrapping, 'CHUNK', 2)
    parts = agree(views, np.ones(len(views)), 4.0, 3, progress=told.append)
    assert told == [8, 8, 4]
    np.testing.assert_array_equal(parts.inliers, whole.inliers)
    np.testing.assert_allclose(parts.pixels, whole.pixels, atol=1e-6)


@pytest.mark.parametrize('field', ['camera_id', 'frame_id'])
def test_frames_without_a_calibration_are_refused(field):
    views, file, truth, _ = random_rig(2, 4)
    MultiViewBootstrapping().check(file)
    file.data['images'][5][field] = None
    with pytest.raises(ValueError, match=rf'pool.json: images \(id 5\), field "{field}"'):
        MultiViewBootstrapping().check(file)
    K = views.K.copy()
    K[5] = np.nan
    with pytest.raises(ValueError, match=r'1 of 8 views have no calibrated camera.*\[5\]'):
        MultiViewBootstrapping().labels(views.replace(K=K), file, [], FLIPS)
    file.persons = file.persons - {5}  # nobody is there
    MultiViewBootstrapping().check(file)


def test_a_rig_with_too_few_views_is_refused():
    _, file, _, _ = random_rig(2, 3)
    MultiViewBootstrapping(min_inliers=3).check(file)
    with pytest.raises(ValueError, match=r'more than 3 view.*min_inliers=4'):
        MultiViewBootstrapping(min_inliers=4).check(file)
    _, file, _, _ = random_rig(2, 1)
    with pytest.raises(ValueError, match=r'more than 1 view.*min_inliers=2'):
        MultiViewBootstrapping().check(file)


def test_so_many_views_have_to_agree_by_default():
    assert [default_inliers(n) for n in (2, 3, 4, 5, 6, 8, 16)] == [2, 3, 3, 3, 3, 4, 8]


@pytest.mark.parametrize(
    'section, words',
    [
        (dict(min_inliers=1), 'min_inliers is 1; write a whole number, at least 2'),
        (dict(min_inliers=2.5), 'min_inliers is 2.5'),
        (dict(rounds=0), 'rounds is 0; write a whole number, at least 1'),
        (dict(rounds=None), 'rounds is None'),
        (dict(batch_size=0), 'batch_size is 0'),
        (dict(threshold=0), 'threshold is 0'),
        (dict(threshold=float('nan')), 'threshold is nan'),
        (dict(weight='error'), "weight is one of .*inliers_and_error.*'error'"),
        (dict(exchange='no'), "exchange is True or False; got 'no'"),
        (dict(num=3), 'MultiViewBootstrapping has no num; its keys are min_inliers, threshold'),
    ],
)
def test_a_section_that_cannot_be_followed_is_refused(section, words):
    with pytest.raises(ValueError, match=words):
        SELF_TRAINING.build(dict(type='MultiViewBootstrapping', **section))


def test_its_trainings_are_its_rounds():
    rules = SELF_TRAINING.build(dict(type='MultiViewBootstrapping', rounds=2, batch_size=16))
    assert (rules.trainings, rules.batch_size, rules.needs) == (2, 16, ('cameras',))
    assert rules.for_next_round(None, None, [], []) is None


def test_of_a_person_some_views_may_be_labelled():
    """Images of a frame are labelled one by one: all views vote, the others learn."""
    views, file, truth, _ = random_rig(2, 5, seed=7, lens=0.0)
    views = views.replace(keypoints=truth, unit=views.id)
    found = MultiViewBootstrapping().labels(views, file, [0, 2, 5, 6, 7, 8, 9], FLIPS)
    assert found.ids.tolist() == [1, 3, 4] and (found.votes == 5).all()
    assert len(found.agreement.keys) == 1  # of frame 1 nobody has to learn
