"""A folder of images."""

import cv2
import numpy as np
import pytest

from mmpose_al.datasets.format import FormatError
from mmpose_al.projects.sources import Options, read_sources
from mmpose_al.projects.sources.images import image_names
from tests.test_projects.files import picture


def test_images_in_the_order_of_their_numbers_with_those_below(tmp_path):
    for name in ('10.png', '9.png', 'sub/1.jpg', '._9.png', '.hidden/1.png'):
        picture(tmp_path / 'walk' / name)
    assert image_names(str(tmp_path / 'walk')) == ['9.png', '10.png', 'sub/1.jpg']
    table = read_sources([str(tmp_path / 'walk')], Options())
    assert [shot.file_name for shot in table.shots] == [
        'walk/9.png',
        'walk/10.png',
        'walk/sub/1.jpg',
    ]
    assert table.folders == {'walk': str(tmp_path / 'walk')} and table.joints is None
    assert table.shots[0].size == (64, 48) and table.shots[0].sequence is None


def test_two_folders_of_one_name_are_both_taken(tmp_path):
    for name in 'ab':
        picture(tmp_path / name / 'images' / '1.png')
    table = read_sources([str(tmp_path / name / 'images') for name in 'ab'], Options())
    assert len({shot.file_name for shot in table.shots}) == len(table.folders) == 2


def test_images_that_a_network_would_not_see_rightly(tmp_path):
    picture(tmp_path / 'a' / '1.png')
    assert read_sources([str(tmp_path / 'a')], Options()).said == []
    cv2.imwrite(str(tmp_path / 'a' / '0.png'), np.full((48, 64), 4000, np.uint16))
    [line] = read_sources([str(tmp_path / 'a')], Options()).said
    assert '0.png has 16 bits and no pixel above 4000' in line
    cv2.imwrite(str(tmp_path / 'a' / '2.tif'), np.zeros((48, 64), np.float32))
    with pytest.raises(FormatError, match=r'2.tif: OpenCV cannot decode it \(mode F'):
        read_sources([str(tmp_path / 'a')], Options())
