"""COCO files, and those of the multi-view format."""

import json

import numpy as np
import pytest

from mmpose_al.datasets.format import FormatError
from mmpose_al.projects.sources import Options, read_sources
from tests.test_projects.files import JOINTS, coco, picture, real


def test_points_boxes_and_limbs_come_along(tmp_path):
    table = read_sources([str(coco(tmp_path / 'train.json'))], Options())
    assert table.joints == JOINTS and table.links == [('snout', 'leftear'), ('snout', 'rightear')]
    assert table.labeled == 2 and len(table.shots) == 3
    person = table.shots[0].people[0]
    np.testing.assert_array_equal(
        person.keypoints, [[10.123456789, 20 / 3, 2], [12.5, 21.5, 1], [0, 0, 0]]
    )
    assert person.bbox == [5.5, 4.25, 30.0, 40.0] and person.extra['area'] == 1200
    assert table.folders == {'images': str(tmp_path / 'images')}


def test_a_file_of_boxes_alone_has_no_joints(tmp_path):
    table = read_sources([str(coco(tmp_path / 'train.json', keypoints=False))], Options())
    content = json.loads((tmp_path / 'train.json').read_text())
    del content['categories'][0]['keypoints']
    (tmp_path / 'train.json').write_text(json.dumps(content))
    table = read_sources([str(tmp_path / 'train.json')], Options())
    assert table.joints is None and table.labeled == 0 and len(table.shots) == 3


@pytest.mark.parametrize('folder', ['images', '.', 'train', '../images'])
def test_images_are_found_beside_the_file(tmp_path, folder):
    home = tmp_path / 'annotations'
    home.mkdir()
    coco(home / 'train.json', images=folder)
    assert len(read_sources([str(home / 'train.json')], Options()).shots) == 3


def test_images_elsewhere_need_the_option(tmp_path):
    (tmp_path / 'a').mkdir()
    path = str(coco(tmp_path / 'a' / 'x.json', images='deep/er'))
    with pytest.raises(FormatError, match='--images FOLDER'):
        read_sources([path], Options())
    table = read_sources([path], Options(images=str(tmp_path / 'a' / 'deep' / 'er')))
    assert len(table.shots) == 3


def test_missing_images_are_an_error_or_left_out(tmp_path):
    path = str(coco(tmp_path / 'x.json'))
    (tmp_path / 'images' / '1.png').unlink()
    with pytest.raises(FormatError, match='1 of 3 labelled images are not there: 1.png'):
        read_sources([path], Options())
    assert len(read_sources([path], Options(missing='skip')).shots) == 2


def test_an_image_of_another_size_than_declared_is_refused(tmp_path):
    file = coco(tmp_path / 'train.json')
    picture(tmp_path / 'images' / '1.png', size=(32, 24))
    with pytest.raises(FormatError, match='1.png: is 32x24 .*train.json declares 64x48'):
        read_sources([str(file)], Options())


def test_half_a_file_is_told_as_what_it_is(tmp_path):
    file = coco(tmp_path / 'train.json')
    file.write_text(file.read_text()[:100])
    with pytest.raises(ValueError, match='train.json.*JSON'):
        read_sources([str(file)], Options())


def test_files_of_other_joints_are_refused(tmp_path):
    first, second = (str(coco(tmp_path / name)) for name in ('a.json', 'b.json'))
    with open(second) as file:
        text = file.read().replace('snout', 'nose')
    with open(second, 'w') as file:
        file.write(text)
    with pytest.raises(FormatError, match='other joints'):
        read_sources([first, second], Options())


def test_the_real_mouse(tmp_path):
    folder = real('mouse')
    table = read_sources([folder + '/train.json'], Options())
    assert len(table.shots) == table.labeled == 1026 and len(table.joints) == 9
