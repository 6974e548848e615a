"""A query as it is on disk."""

import json
import os
import os.path as osp
import shutil

import cv2
import numpy as np
import pytest

from mmpose_al.active_learning.paths import Paths
from mmpose_al.active_learning.query import NAME, describe, load_queries, load_query, pending_text
from mmpose_al.command_line import command_line
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


def test_links_lead_from_the_query_where_a_project_may_be_moved(pool, tmp_path):
    """The experiment lies below the folder of the pool, and its images do."""
    path, _, views = pool
    annotator = opened(tmp_path / 'data' / 'work_dirs' / 'a', path, images='link', formats='coco')
    annotator.ask(ROUND, [0], [1.0], views)
    images = osp.join(load_query(annotator.folder, ROUND).folder, 'images')
    names = os.listdir(images)
    assert len(names) == 4
    for name in names:
        assert os.readlink(osp.join(images, name)).startswith('../../../../../images/cam')
    os.rename(str(tmp_path / 'data'), str(tmp_path / 'moved'))
    images = images.replace(str(tmp_path / 'data'), str(tmp_path / 'moved'))
    assert all(osp.isfile(osp.join(images, name)) for name in names)


def test_links_are_whole_paths_where_the_way_is_through_another_link(pool, tmp_path):
    path, _, views = pool
    (tmp_path / 'big').mkdir()
    (tmp_path / 'data' / 'work_dirs').symlink_to(tmp_path / 'big')
    annotator = opened(tmp_path / 'data' / 'work_dirs' / 'a', path, images='link', formats='coco')
    annotator.ask(ROUND, [0], [1.0], views)
    images = osp.join(load_query(annotator.folder, ROUND).folder, 'images')
    assert all(osp.isabs(os.readlink(osp.join(images, name))) for name in os.listdir(images))
    assert all(osp.isfile(osp.join(images, name)) for name in os.listdir(images))


def test_images_of_the_working_folder_are_found_from_elsewhere(pool, tmp_path, monkeypatch):
    path, _, _ = pool
    monkeypatch.chdir(tmp_path / 'data' / 'images')
    annotator = opened(tmp_path / 'work', path, image_root='', formats='coco')
    annotator.ask(ROUND, [0], [1.0])
    monkeypatch.chdir(tmp_path)
    query = load_query(annotator.folder, ROUND)
    assert all(osp.isfile(query.image_path(i)) for i in query.images.values())


def test_a_query_that_cannot_be_read_is_named(asked):
    annotator, _ = asked
    path = osp.join(load_query(annotator.folder, ROUND).folder, 'query.json')
    assert load_query(annotator.folder, ROUND + 1) is None
    with open(path) as file:
        text = file.read()
    for broken in (text[:-9], '[]', '{}', text.replace('mmpose_al-query', 'other')):
        with open(path, 'w') as file:
            file.write(broken)
        with pytest.raises(ValueError, match='query.json is no query of mmpose_al.*put it back'):
            load_query(annotator.folder, ROUND)


def test_a_folder_without_its_query_is_named(asked):
    annotator, _ = asked
    os.remove(Paths(annotator.folder).query_file(ROUND))
    for ask in (
        lambda: load_query(annotator.folder, ROUND),
        lambda: load_queries(annotator.folder),
    ):
        with pytest.raises(ValueError, match='query.json: is not there, and its folder is. Put'):
            ask()


def test_the_query_as_a_table(asked):
    annotator, _ = asked
    query = load_query(annotator.folder, ROUND)
    rows = describe(query).splitlines()
    assert len(rows) == 2 + 8 and rows[0].count('|') == rows[2].count('|') == 9
    assert rows[2].startswith('| 20 | 3 | ')
    chosen = describe(query, [0]).splitlines()
    assert chosen == rows[:2] + rows[6:]
    text = pending_text(annotator.folder, ROUND, query)
    assert text.count(annotator.folder) == 5 and command_line('label', annotator.folder) in text
    assert '2 frames, 8 persons in 8 images' in pending_text(annotator.folder, ROUND, query)


def renamed(path, name):
    """Have the first image of a pool's file another name."""
    with open(path) as file:
        data = json.load(file)
    data['images'][0]['file_name'] = name
    with open(path, 'w') as file:
        json.dump(data, file)
    return data['images'][0]


@pytest.mark.parametrize('images', ['copy', 'link'])
@pytest.mark.parametrize('way', ['absolute', 'dots', 'link'])
def test_what_lies_outside_the_image_folder_is_not_handed_out(images, way, pool, tmp_path):
    path, _, views = pool
    secret = tmp_path / 'secret' / 'shown.png'
    secret.parent.mkdir()
    shutil.copy(str(tmp_path / 'data' / 'images' / 'cam0_0.png'), str(secret))
    if way == 'link':
        os.symlink(str(secret), str(tmp_path / 'data' / 'images' / 'link.png'))
    renamed(path, dict(absolute=str(secret), dots='../../secret/shown.png', link='link.png')[way])
    options = dict(images=images, image_root=str(tmp_path / 'data' / 'images'))
    annotator = opened(tmp_path / 'work', path, **options)
    with pytest.raises(ValueError, match='shown.png.* is outside the image folder .*image_folders'):
        annotator.ask(ROUND, [0], [1.0], views)
    assert os.listdir(osp.join(annotator.folder, 'query')) == []
    annotator = opened(tmp_path / 'work', path, image_folders=str(secret.parent), **options)
    annotator.ask(ROUND, [0], [1.0], views)
    assert load_query(annotator.folder, ROUND).content['image_folders'] == [str(secret.parent)]


def test_what_is_handed_out_is_the_declared_image(pool, tmp_path):
    path, _, views = pool
    image = tmp_path / 'data' / 'images' / 'cam0_0.png'
    image.write_text('root:x:0:0')
    annotator = opened(tmp_path / 'work', path)
    with pytest.raises(OSError, match='cam0_0.png is no image'):
        annotator.ask(ROUND, [0], [1.0], views)
    cv2.imwrite(str(image), np.zeros((24, 32), np.uint8))
    with pytest.raises(ValueError, match='cam0_0.png: is 32x24 .*declares 640x480'):
        annotator.ask(ROUND, [0], [1.0], views)
    assert os.listdir(osp.join(annotator.folder, 'query')) == []


def test_names_of_windows_are_found(pool, tmp_path):
    path, _, views = pool
    (tmp_path / 'data' / 'images' / 'sub').mkdir()
    home = tmp_path / 'data' / 'images'
    shutil.move(str(home / 'cam0_0.png'), str(home / 'sub' / 'cam0_0.png'))
    renamed(path, 'sub\\cam0_0.png')
    annotator = opened(tmp_path / 'work', path)
    annotator.ask(ROUND, [0], [1.0], views)
    renamed(path, 'sub\\lost.png')
    annotator = opened(tmp_path / 'other', path, image_root=str(home))
    with pytest.raises(FileNotFoundError, match='lost.png.*backslashes'):
        annotator.ask(ROUND, [0], [1.0], views)
