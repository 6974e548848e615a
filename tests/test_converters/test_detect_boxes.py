import json
import os
import os.path as osp
import shutil
import signal
import subprocess
import sys
from urllib.error import URLError

import cv2
import numpy as np
import pytest
from mmpose.registry import DATASETS

from mmpose_al.converters.detect_boxes import PersonDetector, detector_config, list_images
from mmpose_al.fileio import locked
from tests import ROOT
from tests.commands import command

CRUMBS = osp.join(ROOT, '..', 'shared', 'data', 'crumbs', 'coco')


class Detector:
    """The upper left corner's pixel says how many boxes; counts its calls."""

    def __init__(self, stop_after=None):
        self.calls, self.stop_after = 0, stop_after

    def __call__(self, image):
        if self.calls == self.stop_after:
            raise KeyboardInterrupt
        self.calls += 1
        number = int(image[0, 0, 0])
        return np.array(
            [[4 * k, 3, 20, 20, 0.95 - k / 10] for k in range(number)], dtype=float
        ).reshape(-1, 5)


@pytest.fixture
def images(tmp_path):
    """sub/0.png ... sub/5.png with 0 ... 5 boxes, a file that is no image."""
    folder = tmp_path / 'images'
    (folder / 'sub').mkdir(parents=True)
    for i in range(6):
        cv2.imwrite(str(folder / 'sub' / f'{i}.png'), np.full((40, 60, 3), i, np.uint8))
    (folder / 'notes.txt').write_text('x')
    return folder


def run(images, tmp_path, *more, detector=None, out='out.json'):
    detector = detector or Detector()
    command(
        'boxes',
        str(images),
        'det.py',
        'det.pth',
        '--out',
        str(tmp_path / out),
        *more,
        detector=detector,
    )
    path = tmp_path / out
    return detector, json.loads(path.read_text()) if path.exists() else None


def parts(tmp_path):
    return sorted(p.name for p in (tmp_path / 'out.json.parts').iterdir())


def test_folder_to_file_and_other_filters_for_free(images, tmp_path, capsys):
    detector, content = run(images, tmp_path)
    assert detector.calls == 6
    assert [i['file_name'] for i in content['images']] == [f'sub/{i}.png' for i in range(6)]
    assert [i['id'] for i in content['images']] == [1, 2, 3, 4, 5, 6]
    # i boxes in image i; all five of the last have a score above 0.5
    assert len(content['annotations']) == 15
    assert content['info']['checkpoint'] == 'det.pth'
    assert '15 boxes in 6 images of 15 found' in capsys.readouterr().out
    again, content = run(
        images, tmp_path, '--score-thr', '0.9', '--detections', str(tmp_path / 'list.json')
    )
    assert again.calls == 0 and len(content['annotations']) == 5
    listed = json.loads((tmp_path / 'list.json').read_text())
    assert listed[0] == dict(image_id=2, category_id=1, bbox=[0, 3, 20, 20], score=0.95)


def test_boxes_below_the_floor_are_not_kept(images, tmp_path):
    """The boxes score .95, .85, .75, .65, .55."""
    run(images, tmp_path, '--floor', '0.75', '--score-thr', '0.8')
    part = (tmp_path / 'out.json.parts' / '0-of-1.jsonl').read_text().splitlines()
    scores = [[box[4] for box in json.loads(line)['boxes']] for line in part[1:]]
    assert scores == [[], [0.95], [0.95, 0.85]] + [[0.95, 0.85, 0.75]] * 3


def test_junk_of_the_detector_aborts_nothing(images, tmp_path, capsys):
    """A sliver, a box clipped to nothing, one of a low score: images are 60 x 40."""

    def detector(image):
        return np.array(
            [[4, 3, 20, 20, 0.9], [59.2, 3, 0.8, 20, 0.9], [60, 3, 0, 20, 0.9], [70, 3, 5, 5, 0.1]]
        )

    _, content = run(images, tmp_path, detector=detector)
    assert [a['bbox'] for a in content['annotations']] == [[4, 3, 20, 20]] * 6
    assert (
        '6 boxes in 6 images of 24 found (dropped: 6 below the score, 6 too small, '
        '6 without an area in the image)'
    ) in capsys.readouterr().out
    with pytest.raises(SystemExit, match=r'image sub/0.png: box 2 of 4.*has no area'):
        run(images, tmp_path, '--on-bad', 'raise')


def test_data_sets_read_the_boxes(images, tmp_path):
    run(images, tmp_path, '--detections', str(tmp_path / 'list.json'))
    common = dict(
        ann_file=str(tmp_path / 'out.json'),
        data_prefix=dict(img=str(images)),
        pipeline=[dict(type='LoadImage')],
    )
    ours = DATASETS.build(dict(type='MultiViewCocoDataset', need_keypoints=False, **common))
    assert len(ours) == 15 and ours[14]['img'].max() == 5
    assert ours[0]['keypoints_visible'].max() == 0
    # MMPose's own, with its score filter at training time
    theirs = DATASETS.build(
        dict(
            type='CocoDataset',
            bbox_file=str(tmp_path / 'list.json'),
            test_mode=True,
            filter_cfg=dict(bbox_score_thr=0.8),
            **common,
        )
    )
    assert len(theirs) == 5 + 4
    np.testing.assert_array_equal(theirs[0]['bbox'], ours[0]['bbox'])


def test_stopped_and_continued(images, tmp_path):
    """A torn last line and a damaged line are done again, nothing else is."""
    with pytest.raises(SystemExit, match='interrupted'):
        run(images, tmp_path, detector=Detector(stop_after=4))
    part = tmp_path / 'out.json.parts' / '0-of-1.jsonl'
    lines = part.read_bytes().split(b'\n')
    assert len(lines) == 1 + 4 + 1  # header, four images, no torn line
    lines[2] = b'\0' * 9
    part.write_bytes(b'\n'.join(lines[:5])[:-7])
    assert not (tmp_path / 'out.json').exists()
    detector, content = run(images, tmp_path)
    assert detector.calls == 2 + 2
    assert content == run(images, tmp_path, out='fresh.json')[1]


def test_killed(images, tmp_path):
    """SIGKILL in the middle of an image."""
    code = (
        'import os, signal, sys\n'
        'from tests.commands import command\n'
        'from tests.test_converters.test_detect_boxes import Detector\n'
        'class Deadly(Detector):\n'
        '    def __call__(self, image):\n'
        '        if self.calls == 3: os.kill(os.getpid(), signal.SIGKILL)\n'
        '        return super().__call__(image)\n'
        "command('boxes', *sys.argv[1:], detector=Deadly())\n"
    )
    done = subprocess.run(
        [
            sys.executable,
            '-c',
            code,
            str(images),
            'det.py',
            'det.pth',
            '--out',
            str(tmp_path / 'out.json'),
        ],
        capture_output=True,
        env=dict(os.environ, PYTHONPATH=ROOT),
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    detector, content = run(images, tmp_path)
    assert detector.calls == 3 and len(content['annotations']) == 15


def test_shards_and_another_number_of_them(images, tmp_path, monkeypatch, capsys):
    first, content = run(images, tmp_path, '--shard', '1/4')
    assert first.calls == 2 and content is None  # images 1 and 5
    assert '4 of 6 images are left' in capsys.readouterr().out
    monkeypatch.setenv('RANK', '0')
    monkeypatch.setenv('WORLD_SIZE', '2')
    assert run(images, tmp_path)[0].calls == 3  # 0, 2, 4
    monkeypatch.setenv('RANK', '1')
    last, content = run(images, tmp_path)  # 3; 1 and 5 are done
    assert last.calls == 1
    assert parts(tmp_path) == ['0-of-2.jsonl', '1-of-2.jsonl', '1-of-4.jsonl']
    monkeypatch.undo()
    assert content == run(images, tmp_path, out='fresh.json')[1]


def test_one_writer_a_share(images, tmp_path):
    run(images, tmp_path, '--shard', '0/2')
    path = tmp_path / 'out.json.parts' / '1-of-2.jsonl'
    with locked(str(path)), pytest.raises(SystemExit, match='another process is writing'):
        run(images, tmp_path, '--shard', '1/2')


def test_unreadable_images_are_counted_and_tried_again(images, tmp_path, capsys):
    broken = images / 'sub' / '3.png'
    whole = broken.read_bytes()
    broken.write_bytes(whole[:40])
    (images / 'sub' / '2.png').write_bytes(b'')
    _, content = run(images, tmp_path)
    said = capsys.readouterr().out
    assert '2 images unreadable' in said and 'sub/3.png: ImageError' in said
    assert [i['id'] for i in content['images']] == [1, 2, 5, 6]
    broken.write_bytes(whole)
    detector, content = run(images, tmp_path)
    assert detector.calls == 1
    assert [i['id'] for i in content['images']] == [1, 2, 4, 5, 6]


def test_another_file_of_the_same_name_is_detected_again(images, tmp_path):
    run(images, tmp_path)
    changed = images / 'sub' / '5.png'
    cv2.imwrite(str(changed), np.full((80, 90, 3), 2, np.uint8))
    detector, content = run(images, tmp_path)
    assert detector.calls == 1 and content['images'][5]['width'] == 90
    assert len(content['annotations']) == 15 - 5 + 2
    changed.unlink()  # to save space: what was found stands
    named = tmp_path / 'images.json'
    shutil.copyfile(tmp_path / 'out.json', named)
    assert (
        run(images, tmp_path, '--ann-file', str(named))[1]['annotations'] == content['annotations']
    )


def test_images_of_another_folder_with_the_same_names_and_lengths_are_detected(images, tmp_path):
    """Uncompressed images of one size have one length."""
    for place, value in (('day1', 20), ('day2', 90)):
        (tmp_path / place).mkdir()
        cv2.imwrite(str(tmp_path / place / '1.bmp'), np.full((60, 80, 3), value, np.uint8))
    assert run(tmp_path / 'day1', tmp_path)[0].calls == 1
    assert run(tmp_path / 'day2', tmp_path)[0].calls == 1
    os.utime(str(tmp_path / 'day2' / '1.bmp'))  # touched: the same bytes
    assert run(tmp_path / 'day2', tmp_path)[0].calls == 0


def test_another_checkpoint_of_the_same_name_is_refused(images, tmp_path):
    def detect(weights):
        folder = tmp_path / weights
        folder.mkdir(exist_ok=True)
        (folder / 'latest.pth').write_text(weights)
        command(
            'boxes',
            str(images),
            'det.py',
            str(folder / 'latest.pth'),
            '--out',
            str(tmp_path / 'out.json'),
            detector=Detector(),
        )

    detect('one')
    detect('one')
    with pytest.raises(SystemExit, match='was made with .*latest.pth .sha256.*another --out'):
        detect('two')


def test_ann_file_gives_the_ids(images, tmp_path):
    info = [dict(id=10 * i, file_name=f'sub/{i}.png', width=60, height=40) for i in (5, 1)]
    (tmp_path / 'info.json').write_text(json.dumps(dict(images=info)))
    detector, content = run(images, tmp_path, '--ann-file', str(tmp_path / 'info.json'))
    assert detector.calls == 2
    assert [i['id'] for i in content['images']] == [50, 10]
    assert {a['image_id'] for a in content['annotations']} == {50, 10}


def test_errors_say_what_to_do(images, tmp_path):
    run(images, tmp_path)
    for more, words in [
        (['--floor', '0.2'], 'another --out, or remove'),
        (['--shard', '3/3'], '--shard is I/N'),
        (['--shard', '1'], '--shard is I/N'),
        (['--score-thr', '0.01'], 'lower the floor'),
        (['--score-thr', '0.99'], 'none of 15 boxes is left'),
        (['--nms', '3'], 'nms is an IoU'),
        (['--ann-file', str(tmp_path / 'none.json')], 'none.json'),
    ]:
        with pytest.raises(SystemExit, match=words):
            run(images, tmp_path, *more)
    with pytest.raises(SystemExit, match='no such folder'):
        run(tmp_path / 'nowhere', tmp_path, out='b.json')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(SystemExit, match='no image file'):
        run(tmp_path / 'empty', tmp_path, out='c.json')
    (tmp_path / 'empty' / 'a.jpg').write_bytes(b'no')
    with pytest.raises(SystemExit, match='none of the 1 images.*can be read'):
        run(tmp_path / 'empty', tmp_path, out='d.json')


def convert(tmp_path, detections, *more, images=None):
    images = images or [dict(id=1, file_name='a.jpg', width=100, height=50)]
    (tmp_path / 'info.json').write_text(json.dumps(dict(images=images)))
    (tmp_path / 'dets.json').write_text(json.dumps(detections))
    command(
        'boxes',
        '--from-detections',
        str(tmp_path / 'dets.json'),
        '--ann-file',
        str(tmp_path / 'info.json'),
        '--out',
        str(tmp_path / 'o.json'),
        *more,
    )
    return json.loads((tmp_path / 'o.json').read_text())


def test_from_detections_errors(tmp_path):
    good = dict(image_id=1, category_id=1, bbox=[1, 1, 30, 30], score=0.9)
    outside = dict(good, bbox=[200, 1, 30, 30])
    other_class = dict(outside, category_id=2)
    assert len(convert(tmp_path, [good, other_class])['annotations']) == 1
    with pytest.raises(SystemExit, match='dets.json: image a.jpg: box 1 of 2, .*drop them with'):
        convert(tmp_path, [good, outside])
    junk = dict(outside, score=0.1)
    assert len(convert(tmp_path, [good, junk])['annotations']) == 1
    assert len(convert(tmp_path, [good, outside], '--on-bad', 'skip')['annotations']) == 1
    for wrong, words in [
        ([dict(good, image_id=9)], '9 is not the id of an image'),
        ([dict(good, bbox=[1, 2])], 'x, y, width, height'),
        ([dict(good, score=None)], 'score'),
        ([dict(good, score='0.9')], 'score'),
        ([dict(good, image_id=[1])], r'\[1\] is not the id'),
        ([dict(good, image_id=True)], 'True is not the id'),
        ([3], r'\[0\].*is a int'),
        (dict(a=1), 'not a list'),
    ]:
        with pytest.raises(SystemExit, match=words):
            convert(tmp_path, wrong)


@pytest.mark.skipif(not osp.isdir(CRUMBS), reason='no COCO crumbs in ../shared/data')
def test_crumbs(tmp_path):
    """The detections that MMPose evaluates on, at its threshold."""
    source = osp.join(CRUMBS, 'test_coco_det_AP_H_56.json')
    command(
        'boxes',
        '--from-detections',
        source,
        '--ann-file',
        osp.join(CRUMBS, 'test_coco.json'),
        '--out',
        str(tmp_path / 'o.json'),
        '--score-thr',
        '0.3',
        '--min-size',
        '0',
    )
    with open(source) as file:
        listed = json.load(file)
    expected = sum(d['score'] >= 0.3 for d in listed)
    assert 0 < expected < len(listed)
    dataset = DATASETS.build(
        dict(
            type='MultiViewCocoDataset',
            ann_file=str(tmp_path / 'o.json'),
            data_prefix=dict(img=CRUMBS),
            need_keypoints=False,
            pipeline=[dict(type='LoadImage')],
        )
    )
    assert len(dataset) == expected
    assert dataset[0]['img'].shape == (425, 640, 3)


def test_a_real_mmdet_model(images, tmp_path):
    """The smallest detector of mmdet, with random weights, through mmdet.apis."""
    mmdet = pytest.importorskip('mmdet')
    config = osp.join(
        osp.dirname(mmdet.__file__), '.mim', 'configs', 'yolox', 'yolox_nano_8xb8-300e_coco.py'
    )
    if not osp.exists(config):
        pytest.skip('this mmdet comes without its configs')
    from mmengine.config import Config

    config = Config.fromfile(config)
    config.model.test_cfg.score_thr = 0.0
    config.test_dataloader.dataset.pipeline[1].scale = (64, 64)
    path = tmp_path / 'yolox.py'
    config.dump(str(path))
    detector = PersonDetector(str(path), None)
    image = np.random.RandomState(0).randint(0, 255, (40, 60, 3), np.uint8)
    # random weights name some class or other; it stands in for the person
    detector.label = int(detector.infer(detector.model, image).pred_instances.labels[0])
    found = detector(image)
    assert found.ndim == 2 and found.shape[1] == 5 and len(found) > 0
    assert ((found[:, 4] >= 0) & (found[:, 4] <= 1)).all()
    assert (found[:, 2:4] >= 0).all() and found[:, :4].max() < 1000
    with pytest.raises(ValueError, match="no class 'unicorn'.*--class-name"):
        PersonDetector(str(path), None, class_name='unicorn')


def test_configs_of_detectors_may_be_named_as_mmdet_names_them(monkeypatch):
    hub = pytest.importorskip('mmengine.hub')
    monkeypatch.setattr(hub, 'get_config', lambda name: f'that of {name}')
    assert detector_config('mmdet::yolox/x.py') == 'that of mmdet::yolox/x.py'
    with pytest.raises(OSError, match='nowhere.py: no such config. Name a file, or .* mmdet::NAME'):
        detector_config('nowhere.py')


def test_weights_that_cannot_be_downloaded_are_named(monkeypatch):
    apis = pytest.importorskip('mmdet.apis')

    def fail(*_, **__):
        raise URLError('no network')

    monkeypatch.setattr(apis, 'init_detector', fail)
    with pytest.raises(OSError, match='https://x/w.pth: cannot be downloaded .no network.*name'):
        PersonDetector(__file__, 'https://x/w.pth')


def test_hidden_names_are_no_images(tmp_path):
    for name in ('a.jpg', '._a.jpg', '.b.png', 'sub/c.PNG', 'sub/._c.PNG', '.trash/d.jpg'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b'')
    (tmp_path / 'folder.jpg').mkdir()
    assert list_images(str(tmp_path)) == ['a.jpg', 'sub/c.PNG']
