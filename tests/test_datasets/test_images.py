"""Complete and truncated image files."""

import os
import os.path as osp
import re

import cv2
import numpy as np
import pytest
from mmpose.datasets.transforms import LoadImage
from PIL import Image, ImageOps

import mmpose_al
from mmpose_al.datasets.format import FormatError
from mmpose_al.datasets.images import (
    DeclaredImage,
    ImageError,
    ImageFileCheck,
    LoadedImageCheck,
    WrongImage,
    check_decoding,
    check_image,
    check_image_file,
    check_loading,
    orientation_of,
    read_picture,
    unused_bits,
)
from mmpose_al.fileio import read_bytes


def image_bytes(extension):
    noise = np.random.RandomState(0).randint(0, 255, (64, 64, 3), np.uint8)
    return cv2.imencode(extension, noise)[1].tobytes()


def with_thumbnail(jpeg):
    """An APP1 segment that holds a whole small JPEG, as cameras write it."""
    body = b'Exif\0\0' + image_bytes('.jpg')
    segment = b'\xff\xe1' + (len(body) + 2).to_bytes(2, 'big') + body
    return jpeg[:2] + segment + jpeg[2:]


JPEG = image_bytes('.jpg')
COMPLETE = {
    'jpg': JPEG,
    'png': image_bytes('.png'),
    'trailing.jpg': JPEG + b'\0' * 5000,
    'trailing.png': image_bytes('.png') + b'x' * 5000,
    'thumbnail.jpg': with_thumbnail(JPEG),
    'fill.jpg': JPEG[:2] + b'\xff' + JPEG[2:],
    'bmp': image_bytes('.bmp'),
    'webp': image_bytes('.webp'),
}


@pytest.mark.parametrize('name', COMPLETE)
def test_complete_images_pass(tmp_path, name):
    path = tmp_path / f'x.{name}'
    path.write_bytes(COMPLETE[name])
    check_image(str(path))
    assert cv2.imread(str(path)) is not None


@pytest.mark.parametrize('name', ['jpg', 'png', 'thumbnail.jpg'])
@pytest.mark.parametrize('keep', [0.01, 0.3, 0.7, 0.999])
def test_truncated_images_fail(tmp_path, name, keep):
    path = tmp_path / f'x.{name}'
    content = COMPLETE[name]
    for tail in (b'', b'\0' * 3000):  # a crash may leave zeros
        path.write_bytes(content[: int(keep * len(content)) - 1] + tail)
        with pytest.raises(ImageError, match='truncated|empty|cannot open'):
            if len(path.read_bytes()) and path.read_bytes()[:2] not in (b'\xff\xd8', b'\x89P'):
                pytest.skip('no longer recognisable; decoding fails')
            check_image(str(path))


def test_remote_paths_are_left_to_their_backend():
    check_image('s3://bucket/none.jpg')


# ---- the image that the file describes ------------------------------------------------


def write_tagged(path, orientation=None, size=(32, 24), **options):
    image = Image.new('RGB', size, (200, 10, 10))
    image.paste((10, 10, 200), (0, 0, size[0] // 2, size[1] // 2))
    if orientation is not None:
        exif = Image.Exif()
        exif[271], exif[274] = 'a camera', orientation
        options['exif'] = exif
    image.save(str(path), **options)
    return str(path)


def load(path, size, exif='check', **options):
    """The sample as a data set loads it."""
    transforms = [LoadImage(**options)]
    check_loading(transforms)
    check_loading(transforms)  # a pipeline that two data sets share
    assert [type(each) for each in transforms] == [LoadImage, LoadedImageCheck]
    results = dict(img_path=path, declared_image=DeclaredImage(size, 'ann.json', exif))
    for transform in transforms:
        results = transform(results)
    return results


@pytest.mark.parametrize('extension', ['jpg', 'png', 'webp', 'tif'])
@pytest.mark.parametrize('orientation', [None, 1, 3, 6, 8])
def test_orientation_is_read_from_every_format(tmp_path, extension, orientation):
    path = write_tagged(tmp_path / f'x.{extension}', orientation)
    assert orientation_of(path) == (orientation or 1)


def test_orientation_that_is_none_is_1(tmp_path):
    assert orientation_of(write_tagged(tmp_path / 'x.jpg', 9)) == 1
    assert orientation_of(write_tagged(tmp_path / 'x.bmp')) == 1
    broken = tmp_path / 'broken.jpg'
    for content in (b'', b'\xff\xd8', b'\xff\xd8\xff\xe1\x00\x10Exif\0\0II*\0', b'text' * 9):
        broken.write_bytes(content)
        assert orientation_of(str(broken)) == 1
    assert orientation_of('s3://bucket/none.jpg') == orientation_of(None) == 1


def test_an_image_of_another_size_is_named_with_both_sizes(tmp_path):
    path = write_tagged(tmp_path / 'x.jpg')
    assert load(path, (32, 24))['img'].shape == (24, 32, 3)
    with pytest.raises(FormatError, match=r'x.jpg: is 32x24 .*ann.json declares 64x48.*annotated'):
        load(path, (64, 48))
    with pytest.raises(FormatError, match='is 32x24 .*declares 64x48'):
        check_image_file(path, DeclaredImage((64, 48), 'ann.json'))


@pytest.mark.parametrize('backend', ['cv2', 'pillow'])
def test_exif_is_applied_and_the_file_describes_what_is_shown(tmp_path, backend):
    path = write_tagged(tmp_path / 'x.jpg', 6)
    image = load(path, (24, 32), imdecode_backend=backend)['img']
    assert image.shape == (32, 24, 3)
    check_image_file(path, DeclaredImage((24, 32), 'ann.json'))
    for stored in (
        lambda: load(path, (32, 24), imdecode_backend=backend),
        lambda: check_image_file(path, DeclaredImage((32, 24), 'ann.json')),
    ):
        with pytest.raises(FormatError, match='is 24x32 .*orientation 6 is applied.*as they are'):
            stored()


@pytest.mark.parametrize('orientation, size', [(3, (32, 24)), (2, (32, 24)), (6, (24, 24))])
def test_an_orientation_that_keeps_the_size_is_refused_unless_declared(tmp_path, orientation, size):
    path = write_tagged(tmp_path / 'x.jpg', orientation, size)
    for check in (load, lambda path, size: check_image_file(path, DeclaredImage(size, 'ann.json'))):
        with pytest.raises(FormatError, match=f"orientation {orientation}, .*set exif='shown'"):
            check(path, size)
    assert load(path, size, exif='shown')['img'].shape == size[::-1] + (3,)


@pytest.mark.parametrize('options', [dict(color_type='color_ignore_orientation')])
def test_a_loader_that_ignores_exif_is_refused_where_it_matters(tmp_path, options):
    assert load(write_tagged(tmp_path / 'x.jpg'), (32, 24), **options)
    path = write_tagged(tmp_path / 'y.jpg', 3)
    with pytest.raises(FormatError, match=r'y.jpg.*orientation 3, which LoadImage\(.*ignores'):
        load(path, (32, 24), exif='shown', **options)
    path = write_tagged(tmp_path / 'z.jpg', 6)
    with pytest.raises(FormatError, match='z.jpg'):
        load(path, (32, 24), **options)


def test_webp_is_turned_by_pillow_alone(tmp_path):
    path = write_tagged(tmp_path / 'x.webp', 6)
    for size in ((32, 24), (24, 32)):
        with pytest.raises(FormatError, match="x.webp.*orientation 6, which .*'pillow' for"):
            load(path, size)
    assert load(path, (24, 32), imdecode_backend='pillow')['img'].shape == (32, 24, 3)
    assert load(write_tagged(tmp_path / 'y.webp'), (32, 24))['img'].shape == (24, 32, 3)


@pytest.mark.parametrize('extension', ['jpg', 'png', 'webp', 'tif'])
@pytest.mark.parametrize('orientation', [None, 2, 3, 6, 8])
def test_pictures_are_read_as_viewers_show_them(tmp_path, extension, orientation):
    path = write_tagged(tmp_path / f'x.{extension}', orientation)
    with Image.open(path) as image:
        shown = np.asarray(ImageOps.exif_transpose(image).convert('RGB'), int)[..., ::-1]
    found = read_picture(path)
    if extension == 'tif' and found is None:
        assert orientation in (6, 8)  # not all versions of OpenCV can
        return
    assert found.shape == shown.shape and found.dtype == np.uint8
    assert np.abs(found - shown).mean() < 3  # decoders differ where colours meet
    assert found.flags.c_contiguous


def test_what_is_no_picture_is_none(tmp_path):
    (tmp_path / 'x.png').write_bytes(b'nothing')
    assert read_picture(str(tmp_path / 'x.png')) is None
    assert read_picture(str(tmp_path / 'y.png')) is None


def test_pictures_are_read_in_one_place():
    """Bare calls of OpenCV do not turn WebP; those left look at pixels that were just written,
    or only whether a file can be decoded."""
    package = osp.dirname(osp.abspath(mmpose_al.__file__))
    left = ['datasets/images.py', 'datasets/labeled_unlabeled.py', 'projects/sources/base.py']
    left.append('synthetic/benchmark.py')
    found = set()
    for folder, _, names in os.walk(package):
        for name in names:
            path = osp.join(folder, name)
            source = read_bytes(path).decode() if name.endswith('.py') else ''
            if re.search(r'(cv2|mmcv)\.imread\(', source):
                found.add(osp.relpath(path, package))
    assert sorted(found) == left


def test_a_file_that_is_no_image_is_named(tmp_path):
    path = tmp_path / 'x.jpg'
    path.write_text('root:x:0:0')
    with pytest.raises(ImageError, match='x.jpg is no image'):
        check_image_file(str(path), DeclaredImage((1, 1), 'ann.json'))


# ---- damage inside a file -------------------------------------------------------------


def damaged(name):
    """A JPEG that is cut, zeroed or mended by an end marker."""
    half = len(JPEG) // 2
    return {
        'cut.jpg': JPEG[:half] + b'\xff\xd9',
        'zeros.jpg': JPEG[:half] + bytes(len(JPEG) // 4) + JPEG[half + len(JPEG) // 4 :],
        'zeros.png': COMPLETE['png'][:4000] + bytes(500) + COMPLETE['png'][4500:],
    }[name]


@pytest.mark.parametrize('name', ['cut.jpg', 'zeros.jpg', 'zeros.png'])
def test_damage_inside_a_file_is_found_by_decoding(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(damaged(name))
    assert check_image(str(path)) == 1  # it has its end marker
    with pytest.raises(ImageError, match=f'{name} is damaged: '):
        check_decoding(str(path))
    sample = dict(img_path=str(path))
    assert ImageFileCheck()(sample)['exif_orientation'] == 1
    with pytest.raises(ImageError, match='is damaged'):
        ImageFileCheck(decode=True)(sample)


@pytest.mark.parametrize('name', COMPLETE)
def test_whole_files_decode(tmp_path, name, capfd):
    path = tmp_path / f'x.{name}'
    path.write_bytes(COMPLETE[name])
    check_decoding(str(path))
    path.write_bytes(JPEG[:-2] + b'\0' + JPEG[-2:])  # a stray byte, as cameras write it
    check_decoding(str(path))
    assert 'JPEG' not in capfd.readouterr().err
    check_decoding('s3://bucket/none.jpg')


def test_a_stack_is_not_taken_for_its_first_image(tmp_path):
    pages = [Image.new('L', (64, 48), value) for value in (10, 20, 30)]
    pages[0].save(tmp_path / 'stack.tif', save_all=True, append_images=pages[1:])
    with pytest.raises(WrongImage, match='stack.tif is a stack of several .* or the stack as a vi'):
        check_image(str(tmp_path / 'stack.tif'))
    thumbnail = [Image.new('L', (16, 12))]
    pages[0].save(tmp_path / 'thumbnail.tif', save_all=True, append_images=thumbnail)
    pages[0].save(tmp_path / 'one.tif')
    assert (
        check_image(str(tmp_path / 'thumbnail.tif')) == check_image(str(tmp_path / 'one.tif')) == 1
    )


def test_bits_that_nobody_would_see_are_told(tmp_path):
    grey = np.arange(256, dtype=np.uint16).repeat(4).reshape(32, 32)
    for name, image in (('dark.png', 16 * grey), ('dark.tif', 16 * grey), ('full.png', 257 * grey)):
        cv2.imwrite(str(tmp_path / name), image)
    cv2.imwrite(str(tmp_path / '8.png'), grey.astype(np.uint8))
    for name in ('dark.png', 'dark.tif'):
        said = unused_bits(str(tmp_path / name))
        assert 'no pixel above 4080.' in said and 'at most 15 of 255' in said
    assert not any(unused_bits(str(tmp_path / name)) for name in ('full.png', '8.png', 'none.png'))


def test_a_link_that_leads_nowhere_is_named(tmp_path):
    (tmp_path / 'images').symlink_to(tmp_path / 'gone')
    with pytest.raises(ImageError, match='images is a link to .*gone, which is not there. Put it'):
        check_image(str(tmp_path / 'images' / 'a' / '1.png'))


def test_a_text_is_no_image(tmp_path):
    path = tmp_path / 'x.jpg'
    path.write_text('root:x:0:0')
    with pytest.raises(ImageError, match='x.jpg is damaged: cannot identify'):
        check_decoding(str(path))
