"""Predictions from files, and whose they are."""

import json

import pytest

from mmpose_al.analysis.keypoint_results import match_results, read_predictions
from mmpose_al.datasets.format import FormatError


def test_persons_of_one_image_are_told_apart_by_their_boxes():
    data = dict(
        images=[dict(id=1), dict(id=2)],
        annotations=[
            dict(id=5, image_id=1, bbox=[0, 0, 10, 10]),
            dict(id=6, image_id=1, bbox=[8, 0, 10, 10]),
            dict(id=7, image_id=2, bbox=[0, 0, 4, 4]),
        ],
    )

    def result(image, x, score, **more):
        return dict(image_id=image, score=score, keypoints=[x, 1, 0.5, x + 10, 11, 0.5], **more)

    found = match_results(
        [
            result(1, 7, 0.9),
            result(1, 1, 0.2),
            result(1, 0, 0.8),
            result(1, 500, 0.99),
            result(1, 0, 0.1, bbox=[8, 0, 10, 10]),  # its box counts, not its joints
            result(2, 300, 0.3),
        ],
        data,
        'f',
    )  # nobody else is in this image
    assert {key: rows[0, 0] for key, rows in found.items()} == {5: 0, 6: 7, 7: 300}
    assert found[5].tolist() == [[0, 1, 0.5], [10, 11, 0.5]]
    for change, problem in (
        (dict(image_id=3), '"image_id": 3'),
        (dict(image_id=[1]), r'"image_id": \[1\]'),
        (dict(score=None), '"score": is None'),
        (dict(bbox=[1, [2], 3, 4]), r'"bbox": is \[1'),
        (dict(keypoints=[1, 2]), '"keypoints"'),
        (dict(keypoints=None), '"keypoints"'),
    ):
        with pytest.raises(FormatError, match=r'f: \[1\], field ' + problem):
            match_results([result(1, 0, 1), dict(result(1, 0, 1), **change)], data, 'f')
    with pytest.raises(FormatError, match='holds a dict, not a list'):
        match_results({}, data, 'f')


def content():
    """Two images of a person with two joints each."""
    return dict(
        images=[dict(id=1), dict(id=2)],
        annotations=[
            dict(id=5, image_id=1, bbox=[0, 0, 9, 9]),
            dict(id=6, image_id=2, bbox=[0, 0, 9, 9]),
        ],
        categories=[dict(id=1, keypoints=['a', 'b'])],
    )


def coco_result(joints=2):
    return dict(image_id=2, score=0.5, keypoints=[1, 2, 0.25] * joints)


def test_coco_results_are_read_by_annotation(tmp_path):
    path = tmp_path / 'results.json'
    path.write_text(json.dumps([coco_result()]))
    found = read_predictions(str(path), content(), 'ann.json')
    assert {key: rows.tolist() for key, rows in found.items()} == {6: [[1, 2, 0.25]] * 2}


@pytest.mark.parametrize(
    'name, text, problem',
    [
        ('results.pkl', '', 'a pickle can run any code and is not read'),
        ('results.json', '[]', 'holds no prediction'),
        (
            'results.json',
            json.dumps([coco_result(joints=3)]),
            r'other numbers of joints than ann.json: \[2, 3\]',
        ),
    ],
)
def test_files_that_do_not_belong_to_the_annotations_are_refused(tmp_path, name, text, problem):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ValueError, match=f'{name}: .*{problem}'):
        read_predictions(str(path), content(), 'ann.json')
