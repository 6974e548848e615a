"""Images by their ids, and none that the query may not show."""

import cv2
import numpy as np
import pytest

from mmpose_al.active_learning.label_app.images import LabelImages
from mmpose_al.active_learning.query import load_query
from tests.test_active_learning.people import ROUND, opened, write_pool


@pytest.fixture
def rig(tmp_path):
    path, _, _ = write_pool(tmp_path / 'data', 4)
    return tmp_path, path


def images_of(rig, **options):
    tmp_path, path = rig
    annotator = opened(tmp_path / 'work', path, **options)
    annotator.ask(ROUND, [20], [1.0])
    return LabelImages(load_query(annotator.folder, ROUND), annotator.pool)


@pytest.mark.parametrize('how', ['copy', 'link', 'none'])
def test_an_image_of_the_query_and_one_of_the_pool(rig, how):
    options = dict(image_root=str(rig[0] / 'data' / 'images')) if how == 'none' else {}
    images = images_of(rig, images=how, **options)
    for number in (80, 81, 3):  # the last one is not asked about
        content, kind = images.read(number)
        assert kind == 'image/png'
        assert (
            cv2.imdecode(np.frombuffer(content, 'u1'), 0) == number % 4 + number // 40 * 4
        ).all()


def test_unknown_ids_and_names_that_lead_out_are_refused(rig):
    images = images_of(rig)
    for number in (999, -1):
        with pytest.raises(FileNotFoundError, match='no such image'):
            images.read(number)
    images._of_pool[3]['file_name'] = '../pool.json'
    with pytest.raises(ValueError, match='outside the image folder'):
        images.read(3)
    images._of_pool[3]['file_name'] = 'gone.png'
    with pytest.raises(FileNotFoundError):
        images.read(3)


def test_what_browsers_do_not_show_is_written_anew(rig):
    images = images_of(rig)
    shown = np.random.RandomState(0).randint(0, 255, (6, 8, 3), 'u1')
    cv2.imwrite(str(rig[0] / 'data' / 'images' / 'a.tiff'), shown)
    images._of_pool[3]['file_name'] = 'a.tiff'
    content, kind = images.read(3)
    assert kind == 'image/png'
    np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(content, 'u1'), 1), shown)
    (rig[0] / 'data' / 'images' / 'a.tiff').write_text('no image')
    with pytest.raises(ValueError, match='a.tiff is no image'):
        images.read(3)


def test_neighbours_are_of_the_same_camera_in_order_of_time(rig):
    images = images_of(rig)
    assert images.neighbours(81) == [dict(id=40 * i + 1, index=i) for i in range(4)]
    assert images.neighbours(12345) == []
