"""Names of image files: separators, and what leads outside a folder."""

import os

import pytest

from mmpose_al.datasets.image_paths import backslash_note, image_path, image_to_show


@pytest.fixture
def folder(tmp_path):
    for name in ('images/cam/a.png', 'elsewhere/b.png'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('x')
    os.symlink(str(tmp_path / 'elsewhere'), str(tmp_path / 'images' / 'linked'))
    os.symlink(str(tmp_path / 'images'), str(tmp_path / 'images_link'))
    return tmp_path


def test_backslashes_are_separators_where_only_that_file_exists(folder):
    root = str(folder / 'images')
    assert image_path(root, 'cam/a.png') == os.path.join(root, 'cam/a.png')
    assert image_path(root, 'cam\\a.png') == os.path.join(root, 'cam/a.png')
    lost = image_path(root, 'cam\\b.png')
    assert lost == os.path.join(root, 'cam\\b.png') and 'backslashes' in backslash_note(lost)
    (folder / 'images' / 'cam\\a.png').write_text('a name with a backslash')
    assert image_path(root, 'cam\\a.png') == os.path.join(root, 'cam\\a.png')
    assert backslash_note('cam/b.png') == ''


@pytest.mark.parametrize(
    'name',
    [
        '../elsewhere/b.png',
        'cam/../../elsewhere/b.png',
        'linked/b.png',
        '{}',
        '..\\elsewhere\\b.png',
    ],
)
def test_names_that_lead_outside_are_refused_unless_allowed(folder, name):
    root, other = str(folder / 'images'), str(folder / 'elsewhere')
    name = name.format(os.path.join(other, 'b.png'))
    with pytest.raises(ValueError, match='b.png.* is outside the image folder .*image_folders'):
        image_to_show(root, name)
    path = image_to_show(root, name, [other])
    assert os.path.samefile(path, os.path.join(other, 'b.png'))
    with pytest.raises(ValueError, match='outside'):
        image_to_show(root, name, [other + '2', str(folder / 'images' / 'cam')])


def test_names_that_stay_inside_pass(folder, monkeypatch):
    for root in ('images', 'images_link'):
        for name in ('cam/a.png', 'cam/../cam/a.png', str(folder / 'images' / 'cam' / 'a.png')):
            assert os.path.isfile(image_to_show(str(folder / root), name))
    monkeypatch.chdir(folder / 'images')
    assert image_to_show('', 'cam/a.png') == 'cam/a.png'
    with pytest.raises(ValueError, match='outside'):
        image_to_show('', '../elsewhere/b.png')
