"""A folder of images."""

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
