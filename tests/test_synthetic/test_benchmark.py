"""The benchmark as a folder: the same bytes, whole, and what the reader takes."""

import hashlib
import json
import os
import os.path as osp

import cv2
import numpy as np
import pytest

from mmpose_al import fileio
from mmpose_al.synthetic import benchmark, cameras, contact_sheet, render, write_benchmark
from tests.commands import command
from tests.test_synthetic.views import opencv_pixels


@pytest.fixture(scope='module')
def tiny(tmp_path_factory):
    out = str(tmp_path_factory.mktemp('synthetic') / 'tiny')
    write_benchmark(out, 'tiny', seed=3, workers=1, progress=False)
    return out


def read(out, split):
    with open(osp.join(out, split + '.json')) as f:
        return json.load(f)


def hashes(out):
    found = {}
    for root, _, names in os.walk(out):
        for name in names:
            path = osp.join(root, name)
            with open(path, 'rb') as f:
                found[osp.relpath(path, out)] = hashlib.sha256(f.read()).hexdigest()
    return found


def test_same_seed_same_bytes_with_any_number_of_workers(tiny, tmp_path):
    other = str(tmp_path / 'again')
    write_benchmark(other, 'tiny', seed=3, workers=2, progress=False)
    assert hashes(other) == hashes(tiny)
    third = str(tmp_path / 'seed4')
    write_benchmark(third, 'tiny', seed=4, workers=1, progress=False)
    ours, theirs = hashes(tiny), hashes(third)
    assert ours.keys() == theirs.keys()
    assert not set(ours.values()) & set(theirs.values())


def test_sizes_and_ids(tiny):
    for split, frames in (('train', 4), ('val', 2), ('test', 2)):
        data = read(tiny, split)
        assert len(data['cameras']) == 4
        assert len(data['frames']) == len(data['poses_3d']) == frames
        assert len(data['images']) == len(data['annotations']) == 4 * frames
        views = [(i['frame_id'], i['camera_id']) for i in data['images']]
        assert len(set(views)) == len(views)
        assert {i['frame_id'] for i in data['images']} == {f['id'] for f in data['frames']}
        for image in data['images']:
            picture = cv2.imread(osp.join(tiny, 'images', image['file_name']))
            assert picture.shape == (image['height'], image['width'], 3)
            assert picture.std() > 5
    assert not osp.exists(osp.join(tiny, 'parts'))


def test_splits_share_no_subject_and_no_picture(tiny):
    subjects = [{f['subject'] for f in read(tiny, s)['frames']} for s in benchmark.SPLITS]
    assert not subjects[0] & subjects[1] and not subjects[1] & subjects[2]
    shapes = [
        tuple(benchmark.make_scene(benchmark._settings('tiny', 3, None), s, 0).body.offsets.ravel())
        for s in benchmark.SPLITS
    ]
    assert len(set(shapes)) == 3


def test_a_studio_has_a_soft_wall_and_nothing_in_front():
    settings = dict(preset='studio', seed=0, num_cameras=2)
    cameras = benchmark.benchmark_cameras(**settings)
    view = render.make_view(cameras[0])
    occluders, limbs, edges = [], [], {True: [], False: []}
    for number in range(8):
        scene = benchmark.make_scene(settings, 'train', number)
        assert scene.action in benchmark.STUDIO_ACTIONS
        for clutter in (True, False):
            contents = benchmark.view_contents(scene, view, np.random.default_rng(number), clutter)
            edges[clutter].append(
                max(np.abs(np.diff(contents[0].background, axis=axis)).max() for axis in (0, 1))
            )
            if not clutter:
                occluders += [c.occluder for c in contents]
                limbs += [c.others for c in contents if scene.furniture is None]
    assert len(limbs) > 8 and not any(x is not None for x in occluders + limbs)
    assert max(edges[False]) < 0.05 < 0.1 < min(edges[True])


def test_2d_is_the_projection_of_3d(tiny):
    outside = 0
    for split in benchmark.SPLITS:
        data = read(tiny, split)
        rig = {
            c['id']: cameras.Camera(
                c['width'], c['height'], *(np.array(c[k]) for k in ('K', 'dist', 'R', 't'))
            )
            for c in data['cameras']
        }
        pose = {p['frame_id']: np.array(p['keypoints_3d']) for p in data['poses_3d']}
        for image, note in zip(data['images'], data['annotations']):
            assert note['image_id'] == image['id']
            points = pose[image['frame_id']]
            assert (points[:, 3] == 1).all()
            expected = opencv_pixels(points[:, :3], rig[image['camera_id']])
            found = np.array(note['keypoints']).reshape(17, 3)
            known = found[:, 2] > 0
            np.testing.assert_allclose(found[known, :2], expected[known], atol=0.01)
            inside = ((expected > -0.5) & (expected < 95.5)).all(1)
            np.testing.assert_array_equal(known, inside)
            assert (found[~known] == 0).all()
            assert note['num_keypoints'] == known.sum()
            outside += (~known).sum()
            x, y, w, h = note['bbox']
            assert x >= 0 and y >= 0 and x + w <= 95 and y + h <= 95
            assert (found[known, :2] >= [x - 0.01, y - 0.01]).all()
            assert (found[known, :2] <= [x + w + 0.01, y + h + 0.01]).all()
            assert note['area'] == pytest.approx(0.53 * w * h, abs=0.01)


def test_a_finished_folder_is_left_alone(tiny):
    before = {p: os.stat(osp.join(tiny, p)).st_mtime_ns for p in hashes(tiny)}
    result = write_benchmark(tiny, 'tiny', seed=3, progress=False)
    assert result['complete'] and result['splits']['train']['images'] == 16
    after = {p: os.stat(osp.join(tiny, p)).st_mtime_ns for p in hashes(tiny)}
    assert before == after


def test_an_interrupted_folder_is_completed(tiny, tmp_path, monkeypatch):
    out, usual, calls = str(tmp_path / 'x'), benchmark.write_sequence, []

    def interrupted(*job):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(job[2:])
        usual(*job)

    monkeypatch.setattr(benchmark, 'write_sequence', interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_benchmark(out, 'tiny', seed=3, workers=1, progress=False)
    assert not osp.exists(osp.join(out, 'train.json'))
    first, again = list(calls), []
    # A picture of a finished sequence is lost meanwhile.
    os.remove(osp.join(out, 'images/train/train_0000/0001_02.jpg'))
    monkeypatch.setattr(
        benchmark, 'write_sequence', lambda *job: (again.append(job[2:]), usual(*job))
    )
    write_benchmark(out, 'tiny', seed=3, workers=1, progress=False)
    assert first == [('train', 0), ('train', 1)]
    assert again == [('train', 0), ('val', 0), ('test', 0)]
    assert hashes(out) == hashes(tiny)


def test_a_damaged_finished_folder_is_repaired(tiny, tmp_path):
    out = str(tmp_path / 'x')
    write_benchmark(out, 'tiny', seed=3, workers=1, progress=False)
    os.remove(osp.join(out, 'images/val/val_0000/0001_03.jpg'))
    write_benchmark(out, 'tiny', seed=3, workers=1, progress=False)
    assert hashes(out) == hashes(tiny)


def test_a_folder_that_a_killed_process_had_just_begun_is_begun_anew(tiny, tmp_path):
    out = tmp_path / 'x'
    out.mkdir()
    for name in ('benchmark.json', 'train.json'):
        (out / f'{name}.{fileio._HOST}-{2**22 + 1}-abcdef-0.tmp').write_text('{"half')
    write_benchmark(str(out), 'tiny', seed=3, workers=1, progress=False)
    assert sorted(os.listdir(str(out))) == sorted(os.listdir(tiny))
    assert hashes(str(out)) == hashes(tiny)


def test_bad_settings_are_named(tiny, tmp_path):
    with pytest.raises(ValueError, match='seed is 3, asked for 5'):
        write_benchmark(tiny, 'tiny', seed=5)
    with pytest.raises(ValueError, match='num_cameras is 4, asked for 5'):
        write_benchmark(tiny, 'tiny', seed=3, num_cameras=5)
    out = str(tmp_path / 'x')
    with pytest.raises(ValueError, match="'huge'.*tiny, small, studio, people, full"):
        write_benchmark(out, 'huge')
    with pytest.raises(ValueError, match='num_cameras is 32'):
        write_benchmark(out, 'tiny', num_cameras=32)
    with pytest.raises(ValueError, match='seed is -1'):
        write_benchmark(out, 'tiny', seed=-1)
    with pytest.raises(ValueError, match='workers is 0'):
        write_benchmark(out, 'tiny', workers=0)
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine' / 'thesis.txt').write_text('precious')
    with pytest.raises(ValueError, match='not empty'):
        write_benchmark(str(tmp_path / 'mine'), 'tiny')


def test_the_format_is_what_the_reader_takes(tiny):
    from mmpose_al.datasets.multiview import load_multiview

    load_multiview(osp.join(tiny, 'train.json'))


def test_contact_sheet_and_command_line(tiny, tmp_path, capsys):
    sheet = str(tmp_path / 'sheet.png')
    contact_sheet(tiny, sheet, rows=4, columns=3)
    assert cv2.imread(sheet).shape == (4 * 96, 3 * 96, 3)
    command('synthetic', tiny, '--preset', 'tiny', '--seed', 3, '--quiet')
    assert 'train: 16 images, 4 frames, 2 subjects' in capsys.readouterr().out
    with pytest.raises(SystemExit, match='other settings'):
        command('synthetic', tiny, '--preset', 'small')
