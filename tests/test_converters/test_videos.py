"""A user's rig: videos whose frame numbers can be read off their pixels."""

import json
import os
import os.path as osp
import pathlib
import re

import cv2
import numpy as np
import pytest

from mmpose_al.cli.main import main
from mmpose_al.converters import sources, videos
from mmpose_al.datasets.format import FormatError, load_multiview
from mmpose_al.datasets.multiview import MultiViewCocoDataset
from tests.commands import command
from tests.mp4 import set_times, write_mp4

SIZE = (64, 48)


def frame_of(number, view):
    """Gray 8 * number in the left half, 60 * view in the right."""
    picture = np.full((SIZE[1], SIZE[0], 3), 8 * number, np.uint8)
    picture[:, SIZE[0] // 2 :] = 60 * view
    return picture


def number_of(path):
    picture = cv2.imread(path)
    assert picture.shape == (SIZE[1], SIZE[0], 3)
    return round(picture[:, :28].mean() / 8), round(picture[:, 36:].mean() / 60)


def write_video(path, view, count=12, fps=25):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), fps, SIZE)
    if not writer.isOpened():
        pytest.skip('this OpenCV writes no MJPG videos')
    for number in range(count):
        writer.write(frame_of(number, view))
    writer.release()


def write_calibration(path, names, size=SIZE):
    path.write_text(
        '\n'.join(
            f'[{name}]\nsize = {list(size)}\ndistortions = [0.0, 0.0, 0.0, 0.0]\n'
            f'matrix = [[50.0, 0.0, 32.0], [0.0, 50.0, 24.0], [0.0, 0.0, 1.0]]\n'
            f'rotation = [0.0, {0.1 * i}, 0.0]\ntranslation = [0.0, 0.0, {2.0 + i}]'
            for i, name in enumerate(names)
        )
    )
    return str(path)


@pytest.fixture
def rig(tmp_path):
    """Three views: two videos and a folder of images."""
    folder = tmp_path / 'walk'
    folder.mkdir()
    for view, name in enumerate(('a', 'b')):
        write_video(folder / f'{name}.avi', view)
    (folder / 'c').mkdir()
    for number in range(12):  # 1.png ... 12.png: not in the order of letters
        cv2.imwrite(str(folder / 'c' / f'{number + 1}.png'), frame_of(number, 2))
    calibration = write_calibration(tmp_path / 'calib.toml', 'abc')
    return [
        str(folder),
        '--calibration',
        calibration,
        '--unit',
        'm',
        '--out',
        str(tmp_path / 'out' / 'walk.json'),
    ]


def convert(arguments, *more):
    command('convert videos', *arguments, *more)
    path = arguments[arguments.index('--out') + 1]
    return load_multiview(path), osp.dirname(path)


def test_frames_of_all_views_are_the_same_moment(rig):
    data, root = convert(rig, '--step', '5', '--start', '1')
    assert [(f['sequence'], f['index'], f['source_frame'], f['time']) for f in data['frames']] == [
        ('walk', 0, 1, 0.04),
        ('walk', 1, 6, 0.24),
        ('walk', 2, 11, 0.44),
    ]
    cameras = {c['id']: c for c in data['cameras']}
    frames = {f['id']: f['source_frame'] for f in data['frames']}
    assert len(data['images']) == 9
    for image in data['images']:
        number, view = number_of(osp.join(root, image['file_name']))
        assert number == frames[image['frame_id']]
        assert 'abc'[view] == cameras[image['camera_id']]['name']
    assert data['cameras'][2]['t'].tolist() == [0, 0, 4000]
    # Without boxes, one person who fills the image and has no 2D labels.
    assert {tuple(a['bbox']) for a in data['annotations']} == {(0, 0, 64, 48)}
    assert not any(a['num_keypoints'] for a in data['annotations'])
    assert data['poses_3d'] == []
    dataset = MultiViewCocoDataset(
        ann_file=rig[-1], data_prefix=dict(img=root), need_keypoints=False
    )
    assert len(dataset) == 9
    assert cv2.imread(dataset.get_data_info(8)['img_path']) is not None


def test_a_killed_extraction_goes_on(rig, monkeypatch):
    folder = osp.join(osp.dirname(rig[-1]), 'images', 'walk', 'a')
    write = videos._write_jpeg

    def dies(picture, path, quality):
        if path.endswith('000007.jpg'):
            raise KeyboardInterrupt
        write(picture, path, quality)

    monkeypatch.setattr(videos, '_write_jpeg', dies)
    with pytest.raises(SystemExit, match='interrupted'):
        convert(rig)
    assert sorted(n for n in os.listdir(folder) if n.endswith('.jpg')) == [
        f'{i:06d}.jpg' for i in range(7)
    ]
    written = []

    def counts(picture, path, quality):
        written.append(osp.relpath(path, osp.dirname(folder)))
        write(picture, path, quality)

    monkeypatch.setattr(videos, '_write_jpeg', counts)
    data, root = convert(rig)
    assert written == [f'a/{i:06d}.jpg' for i in range(7, 12)] + [
        f'b/{i:06d}.jpg' for i in range(12)
    ]
    for image in data['images']:
        if '/a/' in image['file_name']:
            assert number_of(osp.join(root, image['file_name']))[0] == int(
                osp.basename(image['file_name'])[:6]
            )
    convert(rig, '--step', '2')
    assert len(written) == 17  # all there already
    with open(osp.join(folder, '000004.jpg'), 'r+b') as file:  # a power loss
        file.truncate(100)
    convert(rig)
    assert written[17:] == ['a/000004.jpg']


def test_images_of_another_video_are_not_taken(rig):
    convert(rig)
    write_video(osp.join(rig[0], 'a.avi'), 3)
    os.utime(osp.join(rig[0], 'a.avi'), (1, 1))
    with pytest.raises(SystemExit, match='walk/a: holds images that are not of'):
        convert(rig)


def test_images_of_a_video_that_was_copied_are_taken(rig, monkeypatch):
    convert(rig)
    os.utime(osp.join(rig[0], 'a.avi'), (1, 1))
    monkeypatch.setattr(videos, '_write_jpeg', None)
    convert(rig)


def test_views_must_have_equal_numbers_of_frames(rig):
    write_video(osp.join(rig[0], 'b.avi'), 1, count=9)
    with pytest.raises(
        SystemExit,
        match=r"b.avi: \(view 'b'\) has 9 frames, .*12.*"
        '--allow-unequal',
    ):
        convert(rig)
    data, _ = convert(rig, '--allow-unequal')
    assert len(data['frames']) == 9


def test_views_must_have_one_frame_rate(rig):
    write_video(osp.join(rig[0], 'b.avi'), 1, fps=50)
    with pytest.raises(
        SystemExit,
        match=r"a.avi: \(view 'a', 25 frames a second\) has frame 1 at 0.040 s, .*b.avi: "
        r"\(view 'b', 50 frames a second\) at 0.020 s: .* in frame 11.*--fps",
    ):
        convert(rig)
    data, _ = convert(rig, '--fps', '50')
    assert data['frames'][5]['time'] == 0.1


def test_time_stamps_of_all_views_are_compared(rig):
    times = [0.02 * min(n, 4) + 0.04 * n for n in range(12)]
    for view, name in enumerate('ab'):
        os.remove(osp.join(rig[0], f'{name}.avi'))
        path = pathlib.Path(rig[0]) / f'{name}.mp4'
        write_mp4(path, [frame_of(number, view) for number in range(12)])
    set_times(pathlib.Path(rig[0]) / 'b.mp4', times)
    with pytest.raises(
        SystemExit,
        match=r"b.mp4: \(view 'b'.* has frame 2 at 0.120 s, .*a.mp4: .* at 0.080 s: more than "
        r'half a frame \(0.020 s\) apart. 10 of 12 frames are; the largest difference is '
        '0.080 s, in frame [4-9]',
    ):
        convert(rig)
    # The same moments in both: no constant rate is needed, and the times are the true ones.
    set_times(pathlib.Path(rig[0]) / 'a.mp4', times)
    data, _ = convert(rig, '--step', '5')
    assert [frame['time'] for frame in data['frames']] == [0, 0.28, 0.48]


def test_frames_are_turned_as_a_player_shows_them(rig, tmp_path):
    stored = [np.rot90(frame_of(number, 0)).copy() for number in range(12)]
    os.remove(osp.join(rig[0], 'a.avi'))
    write_mp4(pathlib.Path(rig[0]) / 'a.mp4', stored, rotation=90)
    data, root = convert(rig, '--step', '6')
    for image in data['images']:
        if '/a/' in image['file_name']:
            assert (image['width'], image['height']) == SIZE
            number = int(osp.basename(image['file_name'])[:6])
            assert number_of(osp.join(root, image['file_name'])) == (number, 0)
    write_calibration(tmp_path / 'calib.toml', 'abc', SIZE[::-1])
    with pytest.raises(
        SystemExit,
        match=r"camera 'a', field \"size\": is 48x64, the images of .*a.mp4 are 64x48, turned by "
        '90 degrees clockwise by the rotation metadata. Calibrate with images as they are shown',
    ):
        convert(rig)


def test_images_that_were_extracted_without_turning_are_not_taken(rig):
    frames = [np.rot90(frame_of(number, 0)).copy() for number in range(12)]
    os.remove(osp.join(rig[0], 'a.avi'))
    write_mp4(pathlib.Path(rig[0]) / 'a.mp4', frames, rotation=90)
    source = sources.open_source('a', osp.join(rig[0], 'a.mp4'))
    folder = osp.join(osp.dirname(rig[-1]), 'images', 'walk', 'a')
    videos.extract(source._replace(turned=''), [0], folder, report=lambda line: None)
    with pytest.raises(SystemExit, match='walk/a: holds images that are not of'):
        convert(rig)


def test_what_macos_leaves_is_no_view_and_no_frame(rig):
    for name in ('._a.avi', '.hidden.avi', osp.join('c', '._3.png'), osp.join('c', '.x.jpg')):
        with open(osp.join(rig[0], name), 'wb') as file:
            file.write(b'\x00\x05\x16\x07')
    os.makedirs(osp.join(rig[0], '.thumbnails'))
    cv2.imwrite(osp.join(rig[0], '.thumbnails', '1.png'), frame_of(1, 1))
    data, _ = convert(rig, '--step', '6')
    assert [camera['name'] for camera in data['cameras']] == ['a', 'b', 'c']
    assert [i['file_name'] for i in data['images'] if i['camera_id'] == 3] == [
        '../walk/c/1.png',
        '../walk/c/7.png',
    ]


def test_the_rig_is_described(rig, capsys, tmp_path):
    write_calibration(tmp_path / 'calib.toml', 'abcde')
    convert(rig, '--step', '6')
    out = capsys.readouterr().out
    assert 'cameras of the calibration without a view: d, e' in out
    assert 'cameras: 1.03 to 2.078 m apart.' in out
    write_calibration(tmp_path / 'calib.toml', 'abc')
    text = (tmp_path / 'calib.toml').read_text()
    text = re.sub('rotation = .*', 'rotation = [0, 0, 0]', text)
    (tmp_path / 'calib.toml').write_text(re.sub('translation = .*', 'translation = [0,0,0]', text))
    convert(rig, '--step', '6')
    assert "warning: cameras 'a' and 'b' stand at one place" in capsys.readouterr().out


@pytest.mark.parametrize(
    'option, value',
    [('--fps', '0'), ('--fps', 'nan'), ('--fps', 'inf'), ('--step', '0'), ('--step', '1.5')],
)
def test_numbers_that_cannot_be(rig, option, value, capsys):
    with pytest.raises(SystemExit):
        convert(rig, option, value)
    assert f'argument {option}: ' in capsys.readouterr().err


def test_a_video_that_ends_early_is_an_error(rig, tmp_path):
    source = sources.open_source('a', osp.join(rig[0], 'a.avi'))
    assert source.count == 12 and source.size == SIZE and source.fps == 25
    with pytest.raises(
        FormatError,
        match=r"a.avi: \(view 'a'\) frame 12 cannot be "
        'read, though the file tells of 17',
    ):
        videos.extract(
            source._replace(count=17), range(17), str(tmp_path / 'early'), report=lambda line: None
        )


def test_cameras_must_fit(rig, tmp_path):
    write_calibration(tmp_path / 'calib.toml', 'ab')
    with pytest.raises(
        SystemExit, match='calib.toml: camera \'c\', field "name": is missing, .*the file has a, b'
    ):
        convert(rig)
    write_calibration(tmp_path / 'calib.toml', 'abc', (128, 96))
    with pytest.raises(
        SystemExit, match='camera \'a\', field "size": is 128x96, the images of .*a.avi are 64x48'
    ):
        convert(rig)
    os.remove(str(tmp_path / 'calib.toml'))
    with pytest.raises(SystemExit, match='calib.toml: no such file'):
        convert(rig)


def test_views_by_name(rig):
    walk = rig[0]
    views = [f'c={walk}/c', f'a={walk}/a.avi']
    data, _ = convert(views + rig[1:], '--step', '6')
    assert [c['name'] for c in data['cameras']] == ['c', 'a']
    for bad, problem in (
        (['walk'], "'walk' is not NAME=PATH"),
        (views + [f'a={walk}/b.avi'], "view 'a' stands for"),
        ([f'a={walk}/x.avi'], 'x.avi.*no such video'),
    ):
        with pytest.raises(SystemExit, match=problem):
            convert(bad + rig[1:])
    open(osp.join(walk, 'a.mp4'), 'w').close()
    with pytest.raises(SystemExit, match="view 'a' stands for"):
        convert(rig)


def test_boxes_from_a_list(rig, tmp_path):
    boxes = tmp_path / 'boxes.json'
    rows = [
        dict(camera='a', frame=0, bbox=[1, 2, 30, 40], score=0.4),
        dict(camera='a', frame=0, bbox=[5, 6, 20, 20], score=0.9),
        dict(camera='b', frame=6, bbox=[200, 2, 30, 40]),
    ]
    boxes.write_text(json.dumps(rows))
    data, _ = convert(rig, '--step', '6', '--boxes', str(boxes))
    assert [a['bbox'] for a in data['annotations']] == [[5, 6, 20, 20]]  # best of a
    for index, row in enumerate(rows[:2]):
        row['person_id'] = index
    rows[2]['person_id'] = 0
    boxes.write_text(json.dumps(rows))
    data, _ = convert(rig, '--step', '6', '--boxes', str(boxes))
    assert [(a['person_id'], a['bbox']) for a in data['annotations']] == [
        (0, [1, 2, 30, 40]),
        (1, [5, 6, 20, 20]),
    ]
    for change, problem in (
        (dict(camera='x'), '"camera": is \'x\', the views are a'),
        (dict(frame='1'), '"frame": is \'1\''),
        (dict(camera=['a']), '"camera": is'),
        (dict(frame=True), '"frame": is True'),
        (dict(bbox=[1, 2, 0, 4]), '"bbox": is'),
        (dict(bbox=[1, 2, np.inf, 4]), '"bbox": is .*inf'),
        (dict(score=None), '"score": is None'),
        (dict(score='x'), '"score": is \'x\''),
        (dict(person_id='x'), '"person_id": is \'x\''),
    ):
        boxes.write_text(json.dumps([dict(rows[0], **change)]))
        with pytest.raises(SystemExit, match=r'boxes.json: \[0\], field ' + problem):
            convert(rig, '--boxes', str(boxes))
    boxes.write_text('[1]')
    with pytest.raises(
        SystemExit,
        match=r'boxes.json: \[0\], field "bbox": is '
        'missing, the entry is 1',
    ):
        convert(rig, '--boxes', str(boxes))


def test_boxes_from_a_coco_file(rig, tmp_path):
    boxes = tmp_path / 'boxes.json'
    content = dict(
        images=[
            dict(id=7, file_name='images/walk/a/000006.jpg'),
            dict(id=8, file_name='images/walk/a/000007.jpg'),
        ],
        annotations=[dict(image_id=7, bbox=[1, 2, 30, 40]), dict(image_id=8, bbox=[1, 2, 30, 40])],
    )
    boxes.write_text(json.dumps(content))
    data, _ = convert(rig, '--step', '6', '--boxes', str(boxes))
    assert [a['bbox'] for a in data['annotations']] == [[1, 2, 30, 40]]
    for change, problem in (
        (dict(images=[1]), 'neither a list of boxes nor a COCO file'),
        (dict(annotations=[dict(image_id=[7])]), '"image_id": .7. is not'),
        (dict(annotations=[7]), r'annotations\[0\], field "bbox": is missing'),
    ):
        boxes.write_text(json.dumps(dict(content, **change)))
        with pytest.raises(SystemExit, match='boxes.json: .*' + problem):
            convert(rig, '--step', '6', '--boxes', str(boxes))
    content['images'][0]['file_name'] = '../walk/a/000006.jpg'
    boxes.write_text(json.dumps(content))
    with pytest.raises(SystemExit, match='none of its . boxes is of an image'):
        convert(rig, '--step', '6', '--boxes', str(boxes))


class Detector:
    """Boxes by the brightness of the left half (8 * frame); counts its calls."""

    def __init__(self, stop_after=None):
        self.calls, self.stop_after = 0, stop_after

    def __call__(self, image):
        if self.calls == self.stop_after:
            raise KeyboardInterrupt
        self.calls += 1
        frame = round(image[:, :28].mean() / 8)
        return np.array(
            [
                [1, 2, 20, 30, 0.6],
                [3 + frame, 4, 25, 35, 0.9],
                [0, 0, 50, 4, 0.95],
                [-90, 0, 40, 40, 0.99],
            ]
        )


def test_boxes_from_a_detector(rig):
    more = ['--step', '6', '--detector', 'detector.py', 'detector.pth']
    root = osp.dirname(rig[-1])
    with pytest.raises(SystemExit, match='interrupted'):
        command('convert videos', *rig, *more, detector=Detector(stop_after=4))
    assert not osp.exists(rig[-1])
    detector = Detector()
    command('convert videos', *rig, *more, detector=detector)
    assert detector.calls == 2  # six images, four are done
    data = load_multiview(rig[-1])
    images = {i['id']: i for i in data['images']}
    frames = {f['id']: f['source_frame'] for f in data['frames']}
    # Too low and outside ones are dropped, of the others the best is taken.
    assert len(data['annotations']) == 6
    for annotation in data['annotations']:
        frame = frames[images[annotation['image_id']]['frame_id']]
        assert annotation['bbox'] == [3 + frame, 4, 25, 35]
    with open(osp.join(root, 'walk.boxes.json')) as file:
        assert len(json.load(file)['annotations']) == 6
    # Other filters: nothing is detected twice; the file is one for --boxes.
    command('convert videos', *rig, *more, '--min-size', '3', detector=Detector(stop_after=0))
    assert {tuple(a['bbox']) for a in load_multiview(rig[-1])['annotations']} == {(0, 0, 50, 4)}
    data, _ = convert(rig, '--step', '6', '--boxes', osp.join(root, 'walk.boxes.json'))
    assert {tuple(a['bbox']) for a in data['annotations']} == {(0, 0, 50, 4)}
    with pytest.raises(SystemExit, match='none of 24 boxes is left; lower'):
        command('convert videos', *rig, *more, '--score-thr', '.999', detector=Detector(0))


def test_boxes_are_of_a_file_or_a_detector(rig, capsys):
    with pytest.raises(SystemExit):
        main(['convert', 'videos', *rig, '--boxes', 'a', '--detector', 'b', 'c'])
    assert 'not allowed with argument --boxes' in capsys.readouterr().err
