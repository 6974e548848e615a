"""Boxes of a detector: filters and annotations by hand."""

import numpy as np
import pytest

from mmpose_al.datasets.boxes import (
    BoxFilter,
    SuspectBoxes,
    box_annotations,
    overlaps,
    select_boxes,
    suspect_boxes,
)
from mmpose_al.datasets.format import FormatError

ALL = BoxFilter(score_thr=0.0)


def chosen(boxes, scores, keep=ALL, size=(100, 50)):
    kept, kept_scores, dropped = select_boxes(boxes, scores, size, keep)
    return kept.tolist(), kept_scores.tolist(), {k: v for k, v in dropped.items() if v}


def test_boxes_are_clipped_to_the_last_pixel():
    boxes = [[-10, -5, 30, 20], [90, 40, 30, 30], [5, 6, 7, 8]]
    kept, scores, dropped = chosen(boxes, [0.9, 0.8, 0.7])
    assert kept == [[0, 0, 20, 15], [90, 40, 9, 9], [5, 6, 7, 8]]
    assert scores == [0.9, 0.8, 0.7] and dropped == {}


def test_each_filter_by_hand():
    boxes = [[0, 0, 10, 10], [0, 0, 10, 8], [20, 20, 10, 3], [40, 0, 20, 20], [70, 0, 20, 20]]
    scores = [0.5, 0.9, 0.8, 0.3, 0.6]
    # IoU of the first two is 80 / 100: the second has the higher score
    assert chosen(boxes, scores, BoxFilter(0.0, nms=0.79))[2] == {'nms': 1}
    assert chosen(boxes, scores, BoxFilter(0.0, nms=0.81))[2] == {}
    assert chosen(boxes, scores, BoxFilter(0.5, min_size=4, nms=0.5, top_k=1)) == (
        [[0, 0, 10, 8]],
        [0.9],
        {'score': 1, 'small': 1, 'nms': 1, 'top_k': 1},
    )
    # the size is that of the part inside
    assert chosen([[95, 0, 50, 50]], [1], BoxFilter(0.0, min_size=5))[2] == {'small': 1}


def test_overlaps_by_hand():
    found = overlaps(np.array([[0, 0, 4, 4], [2, 2, 4, 4], [9, 9, 1, 1.0]]))
    np.testing.assert_allclose(found, [[1, 4 / 28, 0], [4 / 28, 1, 0], [0, 0, 1]])


OUTSIDE, NO_AREA = 'lies outside the 100x50 image', 'has no area'


@pytest.mark.parametrize(
    'box, fault',
    [
        ([100, 0, 10, 10], OUTSIDE),
        ([0, 60, 10, 10], OUTSIDE),
        ([-20, 0, 20, 10], OUTSIDE),
        ([5, 5, 0, 9], NO_AREA),
        ([5, 5, -3, 9], NO_AREA),
        ([100, 5, 0, 9], NO_AREA),
        ([5, float('nan'), 3, 9], 'is not finite'),
    ],
)
def test_bad_boxes(box, fault):
    good = [1, 2, 3, 4]
    with pytest.raises(FormatError, match=f'box 1 of 2.*{fault}.*on-bad skip'):
        chosen([good, box], [0.9, 0.8])
    kept, _, dropped = chosen([good, box], [0.9, 0.8], BoxFilter(0.0, on_bad='skip'))
    assert kept == [good] and dropped == {'outside': 1}
    # below the score nobody asks
    kept, _, dropped = chosen([good, box], [0.9, 0.1], BoxFilter(0.5))
    assert kept == [good] and dropped == {'score': 1}


@pytest.mark.parametrize('box', [[99.2, 3, 0.8, 20], [99, 3, 10, 20], [3, 49.5, 20, 0.5]])
def test_a_sliver_in_the_last_pixels_is_small_whatever_the_limit(box):
    """Detectors clip to 100, MMPose to 99: the box is in the image, its part is not."""
    assert chosen([box, [1, 2, 3, 4]], [0.9, 0.9]) == ([[1, 2, 3, 4]], [0.9], {'small': 1})


@pytest.mark.parametrize(
    'setting', [dict(min_size=-1), dict(top_k=0), dict(nms=2), dict(on_bad='ignore')]
)
def test_filter_settings(setting):
    with pytest.raises(ValueError, match=list(setting)[0]):
        BoxFilter(**setting)


def test_annotations_number_the_boxes_and_keep_empty_images():
    images = [
        dict(id=7, file_name='a', width=9, height=9, boxes=[[1, 1, 4, 2, 0.9]]),
        dict(id=5, file_name='b', width=9, height=9, boxes=[]),
        dict(
            id=6,
            file_name='c',
            width=9,
            height=9,
            boxes=[[0, 0, 3, 3, 0.6], [2, 2, 3, 3, 0.8], [1, 1, 1, 1, 0.1]],
        ),
    ]
    content, counts = box_annotations(images, BoxFilter())
    assert [i['id'] for i in content['images']] == [7, 5, 6]
    assert [(a['id'], a['image_id'], a['score']) for a in content['annotations']] == [
        (1, 7, 0.9),
        (2, 6, 0.8),
        (3, 6, 0.6),
    ]
    assert content['annotations'][0] == dict(
        id=1, image_id=7, category_id=1, bbox=[1, 1, 4, 2], area=8, iscrowd=0, score=0.9
    )
    assert (counts['found'], counts['kept'], counts['score']) == (4, 3, 1)


def corners_file(boxes, joints=((12, 12), (30, 20))):
    keypoints = [v for x, y in joints for v in (x, y, 2)]
    return dict(
        images=[dict(id=1, width=40, height=30)],
        annotations=[
            dict(id=10 + i, image_id=1, bbox=box, keypoints=keypoints)
            for i, box in enumerate(boxes)
        ],
    )


def test_boxes_that_may_be_corners_are_counted():
    honest = [[10, 10, 22, 12], [0, 0, 40, 30], [12, 12, 28, 10], None]
    assert suspect_boxes(corners_file(honest)) == SuspectBoxes(0, 0, 3, None)
    # x1 y1 x2 y2 of the same person: among honest ones that reach the border, alone, up to it
    assert suspect_boxes(corners_file([*honest, [11, 11, 32, 22]])) == SuspectBoxes(1, 0, 4, 14)
    assert suspect_boxes(corners_file([[11, 11, 32, 22]])) == SuspectBoxes(1, 1, 1, 10)
    assert suspect_boxes(corners_file([[9, 10, 31, 20]])) == SuspectBoxes(0, 1, 1, 10)
    # beyond, and no corners either
    assert suspect_boxes(corners_file([[20, 5, 30, 10]])) == SuspectBoxes(1, 0, 1, 10)
    crowd = corners_file([[11, 11, 32, 22]])
    crowd['annotations'][0]['iscrowd'] = 1
    assert suspect_boxes(crowd).total == suspect_boxes(corners_file([])).total == 0
