"""``mmpose-al predict`` from the command line, with a tiny network."""

import csv
import json
import sys

import numpy as np
import pytest

from mmpose_al.fileio import read_json
from tests.commands import command
from tests.test_prediction.models import trained, write_images, write_video
from tests.test_prediction.rigs import JOINTS, SIZE, calibration_toml, cameras, views, walk


@pytest.fixture
def model(tmp_path):
    return trained(tmp_path / 'run', students=True)


def test_videos_and_images_become_files(tmp_path, model, capsys):
    write_video(tmp_path / 'in' / 'walk.mp4', 10)
    write_images(tmp_path / 'in' / 'mice', 3)
    out = tmp_path / 'out'
    command('predict', model, tmp_path / 'in', '--out', out)
    said = capsys.readouterr().out
    assert 'walk: 10 frames predicted' in said and 'mice.csv' in said
    for name, count in (('walk', 10), ('mice', 3)):
        data = read_json(str(out / f'{name}.coco.json'))
        with open(out / f'{name}.csv', newline='') as file:
            rows = list(csv.reader(file))
        assert len(data['annotations']) == count == len(rows) - 3
        table = np.array([row[1:] for row in rows[3:]], float).reshape(count, 4, 3)
        for row, annotation in zip(table, data['annotations']):
            points = np.reshape(annotation['keypoints'], (4, 3))
            np.testing.assert_array_equal(row[:, :2], points[:, :2])
            np.testing.assert_array_equal(row[:, 2], annotation['keypoint_scores'])


def test_the_same_command_writes_the_same_bytes(tmp_path, model):
    video = write_video(tmp_path / 'walk.mp4', 5)
    contents = []
    for out in ('a', 'a', 'b'):
        command('predict', model, video, '--out', tmp_path / out, '--network', '1')
        contents.append([p.read_bytes() for p in sorted((tmp_path / out).glob('walk.*'))])
    assert contents[0] == contents[1] == contents[2] and len(contents[0]) == 2


def test_boxes_of_a_detector_or_a_file(tmp_path, model):
    video = write_video(tmp_path / 'walk.mp4', 2)
    boxes = np.array([[2, 3, 30, 40, 0.9], [20, 10, 30, 30, 0.8]])
    words = ('--detector', 'd.py', 'd.pth', '--persons', '2')
    command('predict', model, video, '--out', tmp_path / 'd', *words, detector=lambda image: boxes)
    rows = [
        dict(camera='walk', frame=frame, bbox=box[:4].tolist(), score=box[4])
        for frame in (0, 1)
        for box in boxes
    ]
    (tmp_path / 'boxes.json').write_text(json.dumps(rows))
    words = ('--boxes', tmp_path / 'boxes.json', '--persons', '2')
    command('predict', model, video, '--out', tmp_path / 'f', *words)
    found = [read_json(str(tmp_path / each / 'walk.coco.json'))['annotations'] for each in 'df']
    assert len(found[0]) == 4 and found[0] == found[1]
    assert found[0][0]['keypoints'] != found[0][1]['keypoints']


def test_what_is_wrong_is_said_before_anything_is_written(tmp_path, model):
    with pytest.raises(SystemExit, match='no such image, video or folder'):
        command('predict', model, tmp_path / 'nothing.mp4', '--out', tmp_path / 'out')
    with pytest.raises(SystemExit, match='neither a project nor the work directory'):
        command('predict', tmp_path, write_images(tmp_path / 'i'), '--out', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


@pytest.fixture
def calibration(tmp_path):
    (tmp_path / 'calib.toml').write_text(calibration_toml(cameras(3)))
    return ('--calibration', tmp_path / 'calib.toml', '--unit', 'm')


def test_keypoints_of_a_file_in_3d(tmp_path, calibration, capsys):
    truth = walk(12)
    seen = views(truth, cameras(3))
    np.savez(
        tmp_path / 'k.npz', keypoints=seen.pixels, scores=seen.scores, joints=seen.skeleton.joints
    )
    words = ('--keypoints', tmp_path / 'k.npz', *calibration, '--fps', '30', '--look', '1')
    command('predict', *words, '--out', tmp_path / 'o', '--smooth')
    said = capsys.readouterr().out
    assert '12 frames, 100.0 % of the keypoints in 3D: 100.0 % ok' in said
    names = sorted(path.name for path in (tmp_path / 'o').iterdir())
    endings = ['3d.csv', '3d.json', 'multiview.json', 'summary.json', 'trc']
    assert names == [*(f'k.{ending}' for ending in endings), 'pictures']
    data = read_json(str(tmp_path / 'o' / 'k.3d.json'))
    points = np.array([frame['points'] for frame in data['frames']])
    np.testing.assert_allclose(points, truth, atol=0.1)
    command('draw', tmp_path / 'o' / 'k.multiview.json', '--blank', '--out', tmp_path / 'drawn')
    assert '0.0 % of their joints do not triangulate' in capsys.readouterr().out


def test_individuals_of_tables_are_bodies_in_3d(tmp_path, calibration, capsys):
    """Two bodies, a metre apart: tables with a row of individuals give files of each."""
    bodies = [walk(4), walk(4) + [0, 1000.0, 0]]
    rig = cameras(3)
    for number, camera in enumerate(rig):
        seen = [views(body, rig).pixels[:, number] for body in bodies]
        columns = [(f'mouse{b}', j) for b in (1, 2) for j in JOINTS for _ in 'xyz']
        rows = [['scorer', *['net'] * len(columns)], ['individuals', *(c[0] for c in columns)]]
        rows += [['bodyparts', *(c[1] for c in columns)], ['coords', *['x', 'y', 'likelihood'] * 8]]
        for frame in range(4):
            cells = [[*pixel, 0.9] for pixels in seen for pixel in pixels[frame]]
            rows.append([frame, *np.ravel(cells)])
        text = '\n'.join(','.join(map(str, row)) for row in rows)
        (tmp_path / 'k').mkdir(exist_ok=True)
        (tmp_path / 'k' / f'{camera["name"]}.csv').write_text(text)
    words = ('--keypoints', tmp_path / 'k', *calibration, '--fps', '30', '--look', '1')
    command('predict', *words, '--out', tmp_path / 'o')
    assert capsys.readouterr().out.count('100.0 % of the keypoints in 3D') == 2
    for name, truth in zip(('mouse1', 'mouse2'), bodies):
        data = read_json(str(tmp_path / 'o' / f'k.{name}.3d.json'))
        points = np.array([frame['points'] for frame in data['frames']])
        np.testing.assert_allclose(points, truth, atol=0.1)
        assert (tmp_path / 'o' / 'pictures' / name).is_dir()


def test_a_rig_is_predicted_and_its_tables_give_the_same_3d(tmp_path, model, calibration):
    for seed, camera in enumerate(cameras(3)):
        write_images(tmp_path / 'walk' / camera['name'], 3, SIZE, seed)
    words = (tmp_path / 'walk', *calibration, '--fps', '10', '--look', '1', '--threshold', '400')
    command('predict', model, *words, '--out', tmp_path / 'a')
    assert (tmp_path / 'a' / 'cam2.csv').exists() and (tmp_path / 'a' / 'pictures').is_dir()
    command('predict', '--keypoints', tmp_path / 'a', *words[1:], '--out', tmp_path / 'b')
    one, two = (read_json(str(tmp_path / p)) for p in ('a/walk.3d.json', 'b/a.3d.json'))
    assert one['frames'] == two['frames'] and one['joints'] == two['joints']
    found = [s for frame in one['frames'] for s in frame['status']]
    assert set(found) & {'ok', 'two_views'}


def test_the_recordings_of_a_folder_are_predicted_in_turn(tmp_path, model, calibration, capsys):
    for number in (1, 2):
        for seed, camera in enumerate(cameras(3)):
            name = f'vid{number}_{camera["name"]}'
            write_images(tmp_path / 'raw' / name, 2, SIZE, 10 * number + seed)
    words = (*calibration, '--fps', '10', '--look', '1', '--threshold', '400')
    command('predict', model, tmp_path / 'raw', *words, '--out', tmp_path / 'all')
    assert 'views: cam1=vid1_cam1, cam2=vid1_cam2, cam3=vid1_cam3' in capsys.readouterr().out
    for number in (1, 2):
        own = [f'{c["name"]}={tmp_path}/raw/vid{number}_{c["name"]}' for c in cameras(3)]
        command('predict', model, *own, *words, '--out', tmp_path / f'one{number}')
        one = read_json(str(tmp_path / f'one{number}' / 'rig.3d.json'))
        two = read_json(str(tmp_path / 'all' / f'vid{number}' / f'vid{number}.3d.json'))
        assert one['frames'] == two['frames']
    words = (*words, '--boxes', tmp_path / 'boxes.json')
    with pytest.raises(SystemExit):
        command('predict', model, tmp_path / 'raw', *words, '--out', tmp_path / 'boxed')
    assert '--boxes is of one recording, and' in capsys.readouterr().err


def test_two_bodies_of_a_rig_are_triangulated_each_for_itself(tmp_path, model, calibration):
    rows = []
    for seed, camera in enumerate(cameras(3)):
        write_images(tmp_path / 'walk' / camera['name'], 2, SIZE, seed)
        for frame in (0, 1):
            # The one on the left in one view is on the right in another.
            for person, x in ((3, 10 + 80 * seed), (8, 300 - 90 * seed)):
                box = [x, 20, 200, 300]
                rows.append(dict(camera=camera['name'], frame=frame, bbox=box, person_id=person))
    words = (model, tmp_path / 'walk', *calibration, '--fps', '10', '--look', '1')
    words = (*words, '--threshold', '400')

    def run(out, rows):
        path = tmp_path / f'{out}.json'
        path.write_text(json.dumps(rows))
        command('predict', *words, '--boxes', path, '--out', tmp_path / out)
        return {p.name: p for p in (tmp_path / out).glob('*.3d.json')}

    both = run('both', rows)
    assert set(both) == {'walk.person3.3d.json', 'walk.person8.3d.json'}
    assert read_json(str(tmp_path / 'both' / 'walk.person8.summary.json'))['recording'] == 'walk'
    assert (tmp_path / 'both' / 'pictures' / 'person3' / 'residuals.png').exists()
    for person in (3, 8):
        alone = run(f'alone{person}', [row for row in rows if row['person_id'] == person])
        one, two = (
            read_json(str(path))['frames']
            for path in (both[f'walk.person{person}.3d.json'], alone['walk.3d.json'])
        )
        assert one == two
    for row in rows:
        del row['person_id']
    with pytest.raises(SystemExit, match='6 images have several boxes without a person_id'):
        run('mixed', rows)
    assert not (tmp_path / 'mixed' / 'walk.3d.json').exists()


def test_a_detector_that_finds_two_bodies_in_a_rig_is_refused(tmp_path, model, calibration):
    for seed, camera in enumerate(cameras(3)):
        write_images(tmp_path / 'walk' / camera['name'], 2, SIZE, seed)
    found = np.array([[2, 3, 130, 140, 0.9], [220, 10, 330, 130, 0.8]])
    words = (model, tmp_path / 'walk', *calibration, '--fps', '10', '--detector', 'd.py', 'd.pth')

    def run(*more):
        command('predict', *words, *more, '--out', tmp_path / 'o', detector=lambda image: found)

    with pytest.raises(SystemExit, match='the detector finds several bodies'):
        run()
    assert not (tmp_path / 'o' / 'walk.3d.json').exists()
    run('--persons', '1')
    assert (tmp_path / 'o' / 'walk.3d.json').exists()


def test_frames_that_want_a_look_are_what_a_query_asks_for(tmp_path, calibration, capsys):
    """From a recording's summary to the first query of a project of it."""
    from mmpose_al.active_learning.experiment import Experiment

    for seed, camera in enumerate(cameras(3)):
        write_images(tmp_path / 'walk' / camera['name'], 12, SIZE, seed)
    seen = views(walk(12), cameras(3))
    seen.pixels[7, 1] += 150
    seen.pixels[3, 0, 2] += 90
    names = [camera['name'] for camera in cameras(3)]
    np.savez(
        tmp_path / 'k.npz',
        keypoints=seen.pixels,
        scores=seen.scores,
        joints=seen.skeleton.joints,
        cameras=names,
    )
    words = (tmp_path / 'walk', '--keypoints', tmp_path / 'k.npz', *calibration, '--look', '2')
    command('predict', *words, '--fps', '30', '--out', tmp_path / 'o')
    assert 'look at frames 7, 3' in capsys.readouterr().out
    joints = ('--keypoints', *seen.skeleton.joints, '--input-size', '64')
    command('new', tmp_path / 'p', tmp_path / 'walk', *calibration, '--fps', '30', *joints)
    first = f"dict(_delete_=True, type='Listed', files={str(tmp_path / 'o' / '*.summary.json')!r})"
    config = tmp_path / 'p' / 'configs' / 'looked_at.py'
    config.write_text(
        f"_base_ = './experiment.py'\nactive_learning = dict(initial_strategy={first})\n"
    )
    with pytest.raises(SystemExit) as stop:
        command(*('train', config, '--cfg-options', 'active_learning.initial=3'))
    assert stop.value.code == 3
    query = Experiment(str(tmp_path / 'p' / 'work_dirs' / 'experiment')).query()
    frames = {image['frame_id']: image['index'] for image in query.images.values()}
    assert [frames[unit] for unit in query.units[:2]] == [7, 3] and len(query.units) == 3


@pytest.mark.parametrize(
    'words, problem',
    [
        ((), 'name a MODEL and what to predict'),
        (('m', 'i', '--acceleration', '3', '--calibration', 'c'), 'give --smooth too'),
        (('m', 'i', '--persons', '2', '--calibration', 'c'), 'by the person_id of their boxes'),
        (('--keypoints', 'a', 'b', 'c'), 'takes a file, and maybe the name'),
        (('m', 'i', '--smooth'), '--smooth is of 3D: give --calibration, or --keypoints'),
        (('m', 'i', '--formats-3d', 'trc'), '--formats-3d is of 3D'),
        (('m', 'i', '--unit', 'm'), '--unit is of 3D'),
        (('--boxes', 'b.json', '--keypoints', 'a'), '--boxes is of what a model predicts'),
        (('--video', '--keypoints', 'a'), '--video is of what a model predicts'),
        (('--confidence', 'c', '--keypoints', 'a'), '--confidence is of what a model predicts'),
    ],
)
def test_wrong_usage_is_said(tmp_path, words, problem, capsys):
    with pytest.raises(SystemExit):
        command('predict', *words, '--out', tmp_path / 'o')
    assert problem in capsys.readouterr().err and not (tmp_path / 'o').exists()


def test_what_cannot_be_written_is_said_before_the_work(tmp_path, model, calibration, monkeypatch):
    images = write_images(tmp_path / 'i')
    pytest.importorskip('sleap_io', reason='extra labs')
    with pytest.raises(SystemExit, match='i: has no times, and NWB holds poses as time series'):
        command('predict', model, images, '--formats', 'nwb', '--out', tmp_path / 'o')
    monkeypatch.setitem(sys.modules, 'sleap_io', None)
    with pytest.raises(SystemExit, match='need sleap-io'):
        command('predict', model, images, '--formats', 'sleap', '--out', tmp_path / 'o')
    assert not (tmp_path / 'o').exists()


def test_a_missing_library_of_3d_files_is_said_first(tmp_path, calibration, monkeypatch):
    monkeypatch.setitem(sys.modules, 'c3d', None)
    words = ('--keypoints', 'k.npz', *calibration, '--formats-3d', 'table', 'c3d')
    with pytest.raises(SystemExit, match='need the library c3d'):
        command('predict', *words, '--out', tmp_path / 'o')
    assert not (tmp_path / 'o').exists()
