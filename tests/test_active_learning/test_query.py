"""A query as it is on disk."""

import os
import os.path as osp

import pytest

from mmpose_al.active_learning.query import NAME, load_query
from tests.test_active_learning.people import ROUND, opened, read


def test_images_are_known_by_name_beyond_99999():
    for number in (3, 99999, 100000):
        found = NAME.search(f'images/0123456789ab_{number:05d}_71.png')
        assert found.groups() == ('0123456789ab', '71')


@pytest.mark.parametrize('images', ['link', 'none'])
def test_images_are_linked_or_left_where_they_are(images, pool, tmp_path):
    path, pixels, views = pool
    annotator = opened(tmp_path / 'work', path, images=images, formats='coco')
    annotator.ask(ROUND, [0], [1.0], views)
    folder = osp.join(annotator.folder, 'query', 'round_01')
    assert not osp.exists(osp.join(folder, 'cvat_keypoints.zip'))
    if images == 'link':
        assert all(
            osp.islink(osp.join(folder, 'images', n))
            for n in os.listdir(osp.join(folder, 'images'))
        )
    else:
        assert not osp.exists(osp.join(folder, 'images'))
        names = {i['file_name'] for i in read(annotator.folder, 'coco')['images']}
        assert names == {f'cam{v}_0.png' for v in range(4)}


def test_images_of_the_working_folder_are_found_from_elsewhere(pool, tmp_path, monkeypatch):
    path, _, _ = pool
    monkeypatch.chdir(tmp_path / 'data' / 'images')
    annotator = opened(tmp_path / 'work', path, image_root='', formats='coco')
    annotator.ask(ROUND, [0], [1.0])
    monkeypatch.chdir(tmp_path)
    query = load_query(annotator.folder, ROUND)
    assert all(osp.isfile(query.image_path(i)) for i in query.images.values())
