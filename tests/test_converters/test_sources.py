"""Views of a rig: which there are, their sizes, what turns them."""

import cv2
import numpy as np
import pytest
from PIL import Image

from mmpose_al.converters.sources import (
    SIZE_CHANGES,
    about_drawn,
    find_views,
    frame_numbers,
    match_cameras,
    one_size,
    open_source,
    recorded,
    resized,
)
from mmpose_al.datasets.format import FormatError
from tests.mp4 import write_mp4

EXIF = 274


@pytest.mark.parametrize(
    'names, numbers',
    [
        (['img012.png', 'img3.jpg'], [12, 3]),
        (['cover9.png', 'img3.jpg'], [9, 3]),  # one number in each
        (['a/vid1_f07_c2.png', 'a/vid1_f19_c2.png'], [7, 19]),
        (['2024-01-05_7.png'], None),  # which?
        (['7_1.png', '5_3.png'], None),
        (['img01.png', 'img1.png'], None),
        (['b.png', 'c.png'], None),
        ([], None),
    ],
)
def test_numbers_that_count_frames(names, numbers):
    assert frame_numbers(names) == numbers


def write(path, size=(64, 48), orientation=None):
    path.parent.mkdir(exist_ok=True)
    image = Image.fromarray(np.full((size[1], size[0], 3), 90, np.uint8))
    exif = Image.Exif()
    if orientation is not None:
        exif[EXIF] = orientation
    image.save(str(path), exif=exif)


def test_hidden_names_are_no_views(tmp_path):
    for name in ('left.mp4', '._left.mp4', '.right.mp4'):
        (tmp_path / name).write_bytes(b'')
    write(tmp_path / 'b' / '1.png')
    write(tmp_path / '.cache' / '1.png')
    (tmp_path / 'c').mkdir()
    (tmp_path / 'c' / '._1.png').write_bytes(b'')
    assert list(find_views([str(tmp_path)])) == ['b', 'left']
    tmp_path.rename(tmp_path.parent / 'day=2')  # a folder, and no NAME=PATH
    assert list(find_views([str(tmp_path.parent / 'day=2')])) == ['b', 'left']


def test_videos_with_keypoints_drawn_are_no_recordings(tmp_path):
    drawn = [
        'walkDLC_resnet50_openfieldOct30shuffle1_50000_labeled.mp4',
        'walkDLC_HrnetW32_xJan1shuffle2_snapshot_200_p60_labeled.mp4',
        'walk_superanimal_topviewmouse_hrnet_w32_labeled_after_adapt.mp4',
        'walk.overlay.mp4',
    ]
    for name in (*drawn, 'walk.mp4', 'run_labeled.mp4'):
        (tmp_path / name).write_bytes(b'')
    assert recorded(str(tmp_path)) == ['run_labeled.mp4', 'walk.mp4']
    assert list(find_views([str(tmp_path)])) == ['run_labeled', 'walk']
    [line] = about_drawn(str(tmp_path))
    assert 'left out, with keypoints drawn: ' in line and 'walk.overlay.mp4' in line


def test_a_frame_of_another_size_is_named(tmp_path):
    for number in range(1, 13):
        write(tmp_path / 'a' / f'{number}.jpg', (32, 24) if number == 11 else (64, 48))
    with pytest.raises(
        FormatError,
        match=r"a.11.jpg: \(view 'a'\) is 32x24; 1.jpg is 64x48. All frames of a view have one "
        'size: take out what is no frame, or export the frame again.$',
    ):
        open_source('a', str(tmp_path / 'a'))


@pytest.mark.parametrize('orientation', [5, 6, 7, 8])
def test_frames_that_an_orientation_makes_another_size(tmp_path, orientation):
    write(tmp_path / 'a' / '1.jpg')
    write(tmp_path / 'a' / '2.jpg', orientation=orientation)
    with pytest.raises(
        FormatError,
        match=rf'2.jpg: .* is 48x64 .EXIF orientation {orientation}.; 1.jpg is 64x48.*'
        'remove the EXIF orientation',
    ):
        open_source('a', str(tmp_path / 'a'))
    # Stored in two ways and shown in one.
    write(tmp_path / 'a' / '2.jpg', (48, 64), orientation)
    assert open_source('a', str(tmp_path / 'a')).size == (64, 48)


@pytest.mark.parametrize(
    'orientation, size, turned',
    [
        (None, (64, 48), ''),
        (1, (64, 48), ''),
        (3, (64, 48), 'turned by the EXIF orientation 3 of 1.jpg'),
        (6, (48, 64), 'turned by the EXIF orientation 6 of 1.jpg'),
        (0, (64, 48), ''),
        (99, (64, 48), ''),
    ],
)
def test_sizes_are_those_that_are_shown(tmp_path, orientation, size, turned):
    write(tmp_path / 'a' / '1.jpg', orientation=orientation)
    source = open_source('a', str(tmp_path / 'a'))
    assert (source.size, source.turned) == (size, turned)
    assert cv2.imread(str(tmp_path / 'a' / '1.jpg')).shape[1::-1] == size


def test_only_headers_are_read_of_images_that_are_alike(tmp_path, monkeypatch):
    for number in range(5):
        write(tmp_path / 'a' / f'{number}.png')
    decoded, imread = [], cv2.imread
    monkeypatch.setattr(cv2, 'imread', lambda path: decoded.append(path) or imread(path))
    assert one_size('a', str(tmp_path / 'a'), [f'{n}.png' for n in range(5)]) == ((64, 48), '')
    assert len(decoded) == 1


def test_an_image_that_cannot_be_read_is_named(tmp_path):
    for number in range(3):
        write(tmp_path / 'a' / f'{number}.jpg')
    (tmp_path / 'a' / '2.jpg').write_bytes(b'')
    with pytest.raises(FormatError, match='2.jpg: cannot be read as an image'):
        open_source('a', str(tmp_path / 'a'))


@pytest.mark.parametrize(
    'orientation, size, problem',
    [
        (6, (64, 48), 'turned by the EXIF orientation 6 of 1.jpg. Calibrate with .*exiftool'),
        (None, (48, 64), 'are 64x48. Calibrate with images that stand .* EXIF orientation'),
        (None, (128, 96), 'say what became of them: --calibration-size top-left'),
    ],
)
def test_sizes_that_are_not_the_calibrations(tmp_path, orientation, size, problem):
    write(tmp_path / 'a' / '1.jpg', orientation=orientation)
    source = open_source('a', str(tmp_path / 'a'))
    with pytest.raises(FormatError, match=f'calib.toml: camera .a., field "size": .*{problem}'):
        match_cameras([source], [dict(name='a', size=size)], 'calib.toml')
    camera = dict(name='a', size=source.size)
    assert match_cameras([source], [dict(name='b'), camera], 'calib.toml') == [camera]


def test_a_turned_video(tmp_path):
    frames = 3 * [np.zeros((48, 64, 3), np.uint8)]
    write_mp4(tmp_path / 'a.mp4', frames, rotation=270)
    source = open_source('a', str(tmp_path / 'a.mp4'))
    assert source.size == (48, 64) and source.count == 3 and source.fps == 25
    with pytest.raises(FormatError, match='are 48x64, turned by 270 degrees .*-display_rotation'):
        match_cameras([source], [dict(name='a', size=(64, 48))], 'calib.toml')


@pytest.mark.parametrize('change', SIZE_CHANGES)
def test_images_that_were_cut_or_scaled_after_the_calibration(tmp_path, change):
    K = np.array([[60.0, 0, 33], [0, 50, 23], [0, 0, 1]])
    camera = dict(name='a', size=(68, 50), K=K)
    full = np.zeros((50, 68, 3), np.float32)
    full[20:24, 40:44] = 255  # the middle of this is at (41.5, 21.5)
    ray = np.linalg.solve(K, [41.5, 21.5, 1])
    made = {
        'top-left': lambda: full[:48, :64],
        'centre': lambda: full[1:49, 2:66],
        'scaled': lambda: cv2.resize(full, (34, 25), interpolation=cv2.INTER_AREA),
    }[change]()
    height, width = made.shape[:2]
    write(tmp_path / 'a' / '1.png', (width, height))
    source = open_source('a', str(tmp_path / 'a'))
    [matched] = match_cameras([source], [camera], 'calib.toml', change)
    assert matched['size'] == (width, height) and camera['size'] == (68, 50)
    weights = made[..., 0] / made[..., 0].sum(dtype=float)
    seen = [weights.sum(0) @ np.arange(width), weights.sum(1) @ np.arange(height)]
    np.testing.assert_allclose((matched['K'] @ ray)[:2], seen, atol=1e-6)


def test_images_of_the_calibrated_size_stay_as_they_are(tmp_path):
    write(tmp_path / 'a' / '1.png')
    source, camera = open_source('a', str(tmp_path / 'a')), dict(name='a', size=(64, 48))
    assert match_cameras([source], [camera], 'calib.toml', 'centre') == [camera]


def test_larger_images_were_not_cut():
    camera = dict(name='a', size=(64, 48), K=np.eye(3))
    with pytest.raises(FormatError, match="64x48, the images are 65x48: they are larger, so 'cen"):
        resized(camera, (65, 48), 'centre', 'calib.toml')
