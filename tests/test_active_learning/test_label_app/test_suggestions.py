"""Where a joint probably is: by the clicks, by all predictions, or by one's own."""

import numpy as np
import pytest
import torch

from mmpose_al.active_learning.label_app.progress import UnitProgress
from mmpose_al.active_learning.label_app.suggestions import (
    ABSENT,
    NOTHING,
    PLACED,
    PREDICTED,
    PROPOSED,
    Suggestions,
)
from mmpose_al.active_learning.label_app.tasks import tasks_of
from mmpose_al.active_learning.query import load_query
from mmpose_al.fileio import read_json, write_json
from mmpose_al.geometry.cameras import project
from tests.test_active_learning.people import HEIGHT, ROUND, WIDTH, inside, opened, write_pool
from tests.test_active_learning.rig import ring

X, Y, V, STATE, SURE, ERROR, AGREES = range(7)


def page_of(folder, views=None, clicks=(), reason=(), unknown=()):
    """Frame 0 as the page has it, and the true pixels (view, joint, 2).

    Args:
        unknown (Sequence[int]): Views of which nobody knows the camera.
        folder (Path): For the files.
        views (callable, optional): Changes the predictions; None: there are none.
        clicks (Sequence): (view, joint, x, y, v) that somebody gave.
        reason (Sequence[int]): Views that cannot be labelled.
    """
    path, pixels, predicted = write_pool(folder / 'data', 1)
    if callable(views):
        views(predicted)
    if unknown:
        content = read_json(path)
        for view in unknown:
            del content['images'][view]['camera_id']
        write_json(path, content)
    annotator = opened(folder / 'work', path)
    annotator.ask(ROUND, [0], [1.0], predicted if callable(views) else None)
    query = load_query(annotator.folder, ROUND)
    progress = UnitProgress()
    cells = [list(cell) for cell in clicks]
    if cells:
        progress.apply(dict(op='set', who='Anna', cells=cells))
    for view in reason:
        progress.apply(dict(op='skip', who='Anna', annotations=[view], reason='covered'))
    [person] = tasks_of(query)[0].persons
    page = Suggestions(query, annotator.pool, 20.0).person(person, progress)
    return page, np.stack([pixels[view] for view in range(4)])


def plain(views):
    views.keypoints[2, 1] += [60, -40]  # the pool of the tests has a hand that is far off


def states(page):
    return [[joint[STATE] for joint in view['joints']] for view in page['views']]


def test_predictions_are_where_all_views_put_the_joint(tmp_path):
    page, truth = page_of(tmp_path, lambda views: None)
    assert page['order'][0] == 1 and [view['id'] for view in page['views']] == [0, 1, 2, 3]
    hand = page['views'][2]['joints'][1]
    assert hand[STATE] == PREDICTED and hand[V] == 2
    # 72 px off in this view's own prediction; three views know better
    assert np.hypot(*(np.array(hand[:2]) - truth[2, 1])) < 15
    assert hand[SURE] == pytest.approx(1.0)  # of the views that agree
    for view, places in zip(page['views'], truth):
        for joint, place, shown in zip(view['joints'], places, inside(places)):
            if shown and joint[STATE] == PREDICTED:
                assert np.hypot(*(np.array(joint[:2]) - place)) < 20


def test_the_surer_views_weigh_more(tmp_path):
    def views(predicted):
        predicted.keypoints[:4] = truth_of(tmp_path / 'a')
        predicted.keypoints[0, 0] += [8, 0]
        predicted.scores[:4] = 1.0
        predicted.scores[0, 0] = 0.2

    def truth_of(folder):
        _, pixels, _ = write_pool(folder, 1)
        return np.stack([pixels[view] for view in range(4)])

    page, truth = page_of(tmp_path / 'b', views)
    nose = page['views'][0]['joints'][0]
    assert abs(nose[X] - truth[0, 0, 0]) < 2  # unweighted it is drawn 4 px along, and more
    assert nose[SURE] == pytest.approx(0.8, abs=1e-3)


@pytest.mark.parametrize(
    'unknown, follows',
    [
        ((), [True] * 4),
        ((2,), [True, True, False, True]),
        ((0, 1, 2), [False] * 4),  # one camera follows nobody
        ((0, 1, 2, 3), [False] * 4),
    ],
)
def test_which_views_follow_the_clicks_of_others_is_said(tmp_path, unknown, follows):
    page, _ = page_of(tmp_path, unknown=unknown)
    assert {view['id']: view['follows'] for view in page['views']} == dict(enumerate(follows))


def test_without_predictions_there_is_nothing_until_two_clicks(tmp_path):
    page, truth = page_of(tmp_path / 'a', None)
    assert page['order'] == list(range(5)) and page['lines'] == {} and page['notes'] == []
    assert states(page) == [[NOTHING] * 5] * 4
    one = (0, 0, *truth[0, 0], 2)
    page, _ = page_of(tmp_path / 'b', None, [one])
    assert [row[0] for row in states(page)] == [PLACED, NOTHING, NOTHING, NOTHING]
    assert list(page['lines']) == [0] and set(page['lines'][0]) <= {1, 2, 3}
    for view, line in page['lines'][0].items():
        line = np.array(line)
        assert line.shape[1] == 2 and inside(line).any() and view in (1, 2, 3)
    page, _ = page_of(tmp_path / 'c', None, [one, (1, 0, *truth[1, 0], 1)])
    assert page['lines'] == {} and page['notes'] == []
    for view in (2, 3):
        joint = page['views'][view]['joints'][0]
        assert joint[STATE] == PROPOSED and joint[SURE] is None
        np.testing.assert_allclose(joint[:2], truth[view, 0], atol=0.01)
    first, second = (page['views'][view]['joints'][0] for view in (0, 1))
    assert (first[V], second[V]) == (2, 1) and first[ERROR] < 0.01 and first[AGREES]


def test_a_click_that_disagrees_is_named_with_its_distance(tmp_path):
    _, truth = page_of(tmp_path / 'a', None)
    cells = [(view, 0, *truth[view, 0], 2) for view in range(4)]
    x, y = truth[3, 0]
    cells[3] = (3, 0, x - 40, y + 30, 2)
    page, _ = page_of(tmp_path / 'b', None, cells)
    [note] = page['notes']
    assert note['text'] == 'nose: cam3 is 50 px from where the other views put it'
    assert (note['joint'], note['annotations']) == (0, [3])
    joint = page['views'][3]['joints'][0]
    assert not joint[AGREES] and joint[ERROR] == pytest.approx(50, abs=0.1)
    (x0, y0), (x1, y1) = truth[:2, 0]
    page, _ = page_of(tmp_path / 'c', None, [(0, 0, x0, y0 - 70, 2), (1, 0, x1, y1 + 70, 2)])
    [note] = page['notes']
    assert note['text'] == 'nose: the clicks in cam0, cam1 do not meet'
    assert note['annotations'] == [0, 1] and states(page)[2][0] == NOTHING


def test_what_somebody_said_goes_before_every_suggestion(tmp_path):
    _, truth = page_of(tmp_path / 'a', plain)
    clicks = [(0, 0, 33.0, 44.0, 1), (1, 0, 0, 0, 0), (0, 1, *truth[0, 1], 2)]
    page, _ = page_of(tmp_path / 'b', plain, clicks, reason=[3])
    assert page['views'][0]['joints'][0][:4] == [33.0, 44.0, 1, PLACED]
    assert page['views'][1]['joints'][0][STATE] == ABSENT
    assert page['views'][3]['reason'] == 'covered' and page['views'][0]['reason'] is None
    # a view that cannot be labelled does not vote
    page, _ = page_of(tmp_path / 'c', None, [(3, 1, 5, 5, 2), (0, 1, *truth[0, 1], 2)], [3])
    assert states(page)[1][1] == NOTHING and page['notes'] == []


def test_nothing_is_suggested_outside_the_image(tmp_path):
    def views(predicted):
        for view in range(4):
            predicted.keypoints[view, 0] = outside[view]

    point = torch.tensor([[[0.0, 0.0, 1500.0]]], dtype=torch.float64).expand(4, 1, 3)
    outside = project(point, *map(torch.from_numpy, ring()))[0].numpy()[:, 0]
    assert not inside(outside).any()
    page, _ = page_of(tmp_path, views)
    assert [row[0] for row in states(page)] == [NOTHING] * 4
    for view in page['views']:
        assert (view['width'], view['height']) == (WIDTH, HEIGHT) and view['name'].startswith('cam')
