"""COCO files of predictions, read by the package's reader and by COCO's own."""

import numpy as np
from xtcocotools.coco import COCO

from mmpose_al.datasets import load_multiview
from mmpose_al.prediction.formats import coco
from tests.test_prediction.models import predictions


def test_two_readers_read_the_same(tmp_path):
    found, path = predictions(persons=2), str(tmp_path / 'v.coco.json')
    coco.write(path, found)
    api = COCO(path)
    assert [api.imgs[i]['file_name'] for i in (1, 2, 3)] == [f'v/00000{n}.jpg' for n in range(3)]
    assert api.imgs[3]['time'] == 0.1 and api.imgs[3]['frame_number'] == 2
    rows = api.loadAnns(api.getAnnIds(imgIds=[3]))
    assert [row['keypoints'] for row in rows] == [[17.25, 5.5, 2, 27.125, 8.0, 2]]
    assert rows[0]['keypoint_scores'] == [0.9, 0.4] and rows[0]['score'] == 0.65
    assert api.loadCats([1])[0]['skeleton'] == [[1, 2]]
    data = load_multiview(path)
    assert len(data['annotations']) == 3
    np.testing.assert_allclose(data['annotations'][0]['keypoints'][:2], [10.25, 5.5])


def test_an_image_that_could_not_be_read_is_left_out():
    found = predictions()
    frames = [found.frames[0], found.frames[1]._replace(size=None), found.frames[2]]
    content = coco.content(found._replace(frames=frames))
    assert [image['id'] for image in content['images']] == [1, 3]
    assert [row['image_id'] for row in content['annotations']] == [1, 3]
