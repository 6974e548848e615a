"""Complete and truncated image files."""

import cv2
import numpy as np
import pytest

from mmpose_al.datasets.images import ImageError, check_image


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
