"""Clicks that do not agree with those of other views."""

import numpy as np
import pytest

from mmpose_al.active_learning.answers import ingest, load_answers, read_warnings
from mmpose_al.active_learning.answers.consistency import (
    compare_views,
    consistency_warnings,
    groups_of,
    rig_labels,
    rig_warnings,
)
from mmpose_al.active_learning.answers.label_warnings import LabelWarning
from mmpose_al.active_learning.pool import load_pool
from tests.test_active_learning.people import NAMES, ROUND, answer, read, write

SIZE = 440.0  # of the boxes of the pool: clicks may be 22 px apart


def labels(pixels, ids=(80, 81, 82, 83)):
    """The true labels of frame 20."""
    return {i: np.c_[pixels[i], np.full(len(NAMES), 2.0)] for i in ids}


def warned(pool, given):
    rig = rig_labels(pool, given)
    return [] if rig is None else consistency_warnings(rig, NAMES)


def swap(points, left, right):
    points[[left, right]] = points[[right, left]]


def test_no_warning_without_cameras_or_a_second_view(answering):
    annotator, _ = answering
    pool = load_pool(annotator.pool.path, 'frames')
    clicks = np.full((5, 3), 2.0)
    assert warned(pool, {0: clicks}) == []
    for image in pool.data['images']:
        image['camera_id'] = None
    assert warned(pool, {0: clicks, 1: clicks}) == []


def test_outlier_clicks_are_warned_of(asked, tmp_path):
    annotator, pixels = asked
    given = {i: pixels[i].copy() for i in (80, 81, 82, 83)}
    given[82][3] += [-70, 0]
    given[80][4] = given[81][4] = np.nan
    given[82][4] = pixels[82][4] + [0, -90]  # two views that do not meet
    data = answer(read(annotator.folder, 'coco'), 'coco', given)
    done = ingest(annotator.folder, write(data, tmp_path / 'a.json', 'coco'))
    assert done.written
    one, two = (w for w in done.warnings if w.kind != 'outside')
    assert (one.kind, one.annotations, one.joints) == ('disagrees', [82], ['left_foot'])
    assert one.pixels == pytest.approx(70, abs=1)
    assert one.text.startswith('frame 20, person 0: left_foot in cam2 (annotation 82) is 70 px')
    assert (two.kind, two.annotations) == ('apart', [82, 83])
    assert 'right_foot do not meet: cam2 (annotation 82), cam3 (annotation 83)' in two.text
    (event,) = load_answers(annotator.folder, ROUND)['events']
    assert event['checked'] == [80, 81, 82, 83] and event['warnings_total'] == len(done.warnings)
    kept = [w._replace(pixels=None) for w in read_warnings([event])]
    assert kept == [w._replace(pixels=None, joints=list(w.joints)) for w in done.warnings]
    # the corrected file settles it
    given = {82: pixels[82], 83: pixels[83]}
    data = answer(read(annotator.folder, 'coco'), 'coco', given)
    ingest(annotator.folder, write(data, tmp_path / 'b.json', 'coco'))
    events = load_answers(annotator.folder, ROUND)['events']
    assert {w.kind for w in read_warnings(events)} <= {'outside'}


def test_distances_count_by_the_size_of_the_person(asked):
    """18 px are nothing in a person of 440 px, and much in one of 100."""
    annotator, pixels = asked
    given = labels(pixels)
    given[82][3, :2] += [-18, 0]
    pool = load_pool(annotator.pool.path, 'frames')
    assert warned(pool, given) == []
    for annotation in pool.data['annotations']:
        if annotation['id'] in given:
            annotation['bbox'] = [20.0, 20.0, 50.0, 100.0]
    (found,) = warned(pool, given)
    assert found.annotations == [82] and found.pixels == pytest.approx(18, abs=1)
    given[82][3, :2] += [13.5, 0]  # 4.5 px of the 5 that 5 % of 100 px are
    assert warned(pool, given) == []


@pytest.mark.parametrize('views', [(80, 81, 82, 83), (81, 82, 83)])
def test_exchanged_sides_are_one_warning(views, asked):
    annotator, pixels = asked
    pool, given = load_pool(annotator.pool.path, 'frames'), labels(pixels, views)
    swap(given[82], 1, 2)
    swap(given[82], 3, 4)
    (found,) = warned(pool, given)
    assert found.kind == 'exchanged' and found.annotations == [82]
    assert found.text == (
        'frame 20, person 0: left and right are exchanged in cam2 (annotation 82): hand, foot'
    )
    assert list(found.joints) == NAMES[1:]
    # one pair alone, and a click that is wrong besides
    swap(given[82], 3, 4)
    given[83][0, :2] += [0, 80]
    exchanged, wrong = warned(pool, given)
    assert exchanged.text.endswith('cam2 (annotation 82): hand')
    assert (wrong.kind, wrong.annotations, wrong.joints) == ('disagrees', [83], ['nose'])


def test_of_two_views_either_may_be_exchanged(asked):
    annotator, pixels = asked
    pool, given = load_pool(annotator.pool.path, 'frames'), labels(pixels, (81, 82))
    assert warned(pool, given) == []
    swap(given[82], 1, 2)
    (found,) = warned(pool, given)
    assert found.annotations == [81, 82]
    assert found.text.endswith('in cam1 (annotation 81) or cam2 (annotation 82): hand')


def test_a_wrong_click_is_no_exchange(asked):
    """A random place of one joint, in each view and joint: never two warnings."""
    annotator, pixels = asked
    pool, rng = load_pool(annotator.pool.path, 'frames'), np.random.RandomState(0)
    for place in range(20):
        given = labels(pixels)
        view, joint = 80 + place % 4, place % 5
        given[view][joint, :2] = rng.uniform(0, [640, 480])
        far = np.linalg.norm(given[view][joint, :2] - pixels[view][joint])
        found = warned(pool, given)
        assert [w.kind for w in found] == ['disagrees'] * (far > 0.05 * SIZE)


def test_the_distance_is_that_to_the_projection(asked):
    annotator, pixels = asked
    given = labels(pixels)
    given[81][2, :2] += [30, 40]
    rig = rig_labels(load_pool(annotator.pool.path, 'frames'), given)
    found = compare_views(rig, [(1, 2), (3, 4)])
    assert rig.keys == [(20, 0)] and rig.ids.tolist() == [[80, 81, 82, 83]]
    assert np.argwhere(found.wrong).tolist() == [[0, 1, 2]]
    assert found.errors[0, 1, 2] == pytest.approx(50, abs=0.5)
    assert not found.exchanged.any() and not found.apart.any()


def test_only_the_frames_of_new_labels_are_looked_at(asked):
    annotator, pixels = asked
    pool = load_pool(annotator.pool.path, 'frames')
    given = {**labels(pixels), **labels(pixels, (0, 1, 2, 3))}
    given[82][0, :2] += [90, 0]
    given[1][0, :2] += [90, 0]
    assert groups_of(pool, {81}) == {80, 81, 82, 83}
    found, checked = rig_warnings(pool, given, {81}, NAMES)
    assert checked == [80, 81, 82, 83] and [w.annotations for w in found] == [[82]]


def test_doubts_about_sides_are_one_line_a_person(asked):
    """Against predictions: what most views say is kept, what the rig refutes is not."""
    annotator, pixels = asked
    pool, given = load_pool(annotator.pool.path, 'frames'), labels(pixels)
    doubts = [LabelWarning('exchanged', f'{i}', [i], NAMES[1:3], 9.0) for i in given]
    other = LabelWarning('outside', 'far', [80])
    found, _ = rig_warnings(pool, given, set(given), NAMES, [*doubts, other])
    assert found[0] == other and len(found) == 2
    assert found[1].annotations == [80, 81, 82, 83] and found[1].pixels == 9.0
    assert found[1].text.endswith('against the predictions of 4 of 4 views (hand)')
    found, _ = rig_warnings(pool, given, set(given), NAMES, [*doubts[:2], other])
    assert found == [other]
